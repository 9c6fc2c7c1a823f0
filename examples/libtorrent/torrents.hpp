// What libtorrent_session needs of libtorrent, without its headers.

#ifndef EXAMPLES_LIBTORRENT_TORRENTS_HPP
#define EXAMPLES_LIBTORRENT_TORRENTS_HPP

#include <cstdint>
#include <memory>
#include <string>

/// A libtorrent session and its one torrent. The session runs on a thread of its own, and these
/// functions may be called from any other.
class torrents
{
public:
    /// Throws std::system_error if the magnet URI is none.
    torrents(std::uint16_t port, const std::string& magnet);

    torrents(const torrents&) = delete;
    torrents& operator=(const torrents&) = delete;

    /// Waits for the end, two seconds at most.
    ~torrents();

    /// The version of libtorrent.
    [[nodiscard]] static std::string version();

    /// Whether trackers can be told of another port than the one that the session listens on.
    [[nodiscard]] static bool announces_any_port();

    /// The port that the session listens on, 0 if it has none: the one asked for, or one of the
    /// next, if another program has that.
    [[nodiscard]] std::uint16_t port() const;

    /// Tells the tracker at once that peers reach us at this port. With a libtorrent that cannot
    /// announce any port, the session listens there from now on.
    void reached_at(std::uint16_t external_port);

    /// Says goodbye to the tracker and closes the sockets.
    void end();

private:
    struct inside;
    std::unique_ptr<inside> inside_;
};

#endif // EXAMPLES_LIBTORRENT_TORRENTS_HPP
