#include "torrents.hpp"

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/magnet_uri.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/settings_pack.hpp>
#include <libtorrent/torrent_handle.hpp>
#include <libtorrent/version.hpp>

#include <utility>

namespace {

std::string interfaces(std::uint16_t port)
{
    return "0.0.0.0:" + std::to_string(port);
}

lt::settings_pack settings(std::uint16_t port)
{
    lt::settings_pack result;
    result.set_str(lt::settings_pack::listen_interfaces, interfaces(port));
    // Two clients for one port would take it away from each other.
    result.set_bool(lt::settings_pack::enable_natpmp, false);
    result.set_bool(lt::settings_pack::enable_upnp, false);
    // Peers are found by the tracker alone here.
    result.set_bool(lt::settings_pack::enable_dht, false);
    result.set_bool(lt::settings_pack::enable_lsd, false);
    result.set_int(lt::settings_pack::stop_tracker_timeout, 2);
    return result;
}

} // namespace

struct torrents::inside
{
    explicit inside(std::uint16_t port) : session(settings(port))
    {}

    lt::session_proxy ending; // its destructor waits for the session's thread
    lt::session session;
    lt::torrent_handle torrent;
};

torrents::torrents(std::uint16_t port, const std::string& magnet)
    : inside_(std::make_unique<inside>(port))
{
    lt::add_torrent_params torrent = lt::parse_magnet_uri(magnet);
    torrent.save_path = ".";
    inside_->torrent = inside_->session.add_torrent(std::move(torrent));
}

torrents::~torrents() = default;

std::string torrents::version()
{
    return lt::version();
}

bool torrents::announces_any_port()
{
    return LIBTORRENT_VERSION_NUM >= 20011;
}

std::uint16_t torrents::port() const
{
    return inside_->session.listen_port();
}

void torrents::reached_at(std::uint16_t external_port)
{
    lt::settings_pack changed;
#if LIBTORRENT_VERSION_NUM >= 20011
    changed.set_int(lt::settings_pack::announce_port, external_port);
#else
    changed.set_str(lt::settings_pack::listen_interfaces, interfaces(external_port));
#endif
    inside_->session.apply_settings(std::move(changed));
    // Else the tracker is told when it is asked for peers again, half an hour later or so.
    inside_->torrent.force_reannounce(0, -1, lt::torrent_handle::ignore_min_interval);
}

void torrents::end()
{
    inside_->ending = inside_->session.abort();
}
