// The application of the simulation: any operation, at any moment.

#include "world.hpp"

#include "support/asio.hpp"

#include <algorithm>

namespace sim {

/// Hears what a client tells.
struct world::listener
{
    world& told;

    void operator()(const natpmp::event& news) const
    {
        told.on_event(news);
    }
};

/// Tells what a client tells, in a run that is traced.
struct world::narrator
{
    world& told;

    void operator()(const natpmp::event& news) const
    {
        told.on_event(news);
        told.say("event " + std::string(to_string(news.kind)) + ' ' +
                 text({news.mapping.protocol, news.mapping.internal_port}) + " to " +
                 std::to_string(news.mapping.external_port) + ' ' + news.error.message());
    }

    void operator()(const natpmp::datagram& seen) const
    {
        if (seen.what != natpmp::datagram::fate::sent)
            told.say("received " + natpmp::describe(seen.bytes) +
                     ", ignored for: " + std::string(to_string(seen.reason)));
    }
};

void world::act()
{
    const auto choice = network_.random(100);
    if (!client_)
        start_client();
    else if (choice < 30)
        map(false);
    else if (choice < 40)
        map(true);
    else if (choice < 55)
        unmap();
    else if (choice < 58)
        ask_address();
    else if (choice < 60)
        guard_one();
    else if (choice < 62)
        notices(network_.random(300));
    else if (choice < 75)
        wait_event();
    else if (choice < 87)
        cancel_one();
    else if (choice < 90) {
        say("application: cancel all");
        wire_.cancelled();
        client_->cancel();
    } else if (choice < 93) {
        say("application: the network changed");
        wire_.hint();
        client_->network_changed();
    } else if (choice < 97)
        shut_down();
    else
        destroy();
}

void world::start_client()
{
    wire_.start();
    client_since_ = network_.now();
    resets_ = losses_ = 0;
    granted_meanwhile_.clear();
    told_ = {};
    options_.timeout = network_.random(3) == 0 ? 5s : 0s;
    client_.emplace(network_.platform(), options_);
    if (trace)
        client_->set_observer(narrator{*this});
    else
        client_->set_observer(listener{*this});
    wire_.granted_port = [this](mapping_key key) -> std::uint16_t {
        for (const auto& each : pending_) // the second of a pair suggests the first's port
            if (!each->done && each->number == client_number_ && each->maps.size() == 2 &&
                each->maps[1] == key)
                return 0;
        if (client_)
            for (const natpmp::mapping& mapping : client_->mappings())
                if (mapping_key{mapping.protocol, mapping.internal_port} == key)
                    return mapping.external_port;
        return 0;
    };
    wire_.begun = [this] {
        const natpmp::status status = client_->status();
        return status.sent - status.retransmitted;
    };
    for (unsigned count = network_.random(4); count > 0; --count)
        map(network_.random(3) == 0);
}

mapping_key world::any_key()
{
    const auto protocol = network_.random(2) ? natpmp::protocol::tcp : natpmp::protocol::udp;
    return {protocol, static_cast<std::uint16_t>(6881 + network_.random(4))};
}

std::shared_ptr<world::operation> world::begin(const std::string& what)
{
    say("application: " + what);
    std::erase_if(pending_, [](const auto& each) { return each->done; });
    ++tally_.operations;
    const auto& begun = pending_.emplace_back(std::make_shared<operation>());
    begun->number = client_number_;
    return begun;
}

/// A handler that checks that it is called once.
template <class... Results>
auto world::completion(const std::shared_ptr<operation>& what,
                       std::function<void(const natpmp::error_code&)> then)
{
    return asio::bind_cancellation_slot(
        what->signal.slot(), [this, what, then](const natpmp::error_code& error, Results...) {
            check(!what->done, "every operation completes once");
            what->done = true;
            say("completed: " + error.message());
            finished(*what, error);
            if (then)
                then(error);
        });
}

void world::finished(operation& what, const natpmp::error_code& error)
{
    if (error || what.number != client_number_)
        return;
    for (const mapping_key& key : what.maps) {
        const bool unmapped = std::any_of(pending_.begin(), pending_.end(), [&](const auto& each) {
            return !each->done && each->number == client_number_ &&
                   std::count(each->unmaps.begin(), each->unmaps.end(), key) > 0;
        });
        if (!unmapped && client_ && !wire_.leaving)
            kept_.emplace(key, network_.now());
    }
}

void world::map(bool pair)
{
    const mapping_key key = any_key();
    const auto what = begin((pair ? "map a pair " : "map ") + text(key));
    what->maps = {key};
    natpmp::map_request request{.protocol = key.protocol, .internal_port = key.internal_port};
    request.lifetime = longest_lease_;
    request.keep_trying = network_.random(3) == 0;
    request.clean_up = network_.random(4) != 0;
    if (pair)
        what->maps = {{natpmp::protocol::tcp, key.internal_port},
                      {natpmp::protocol::udp, key.internal_port}};
    for (const mapping_key& each : what->maps) {
        wire_.ours.insert(each);
        ++wire_.asked[each];
    }
    what->started = network_.now();
    if (pair)
        client_->async_map_port_pair(request, completion<natpmp::mapping_pair>(what));
    else
        client_->async_map_port(request, completion<natpmp::mapping>(what));
}

void world::unmap()
{
    const mapping_key key = any_key();
    const auto what = begin("unmap " + text(key));
    what->unmaps = {key};
    wire_.ours.insert(key);
    ++wire_.asked[key];
    kept_.erase(key);
    client_->async_unmap_port(key.protocol, key.internal_port, completion<>(what));
}

/// A scoped_mapping ends.
void world::guard_one()
{
    for (const natpmp::mapping& mapping : client_->mappings()) {
        const mapping_key key{mapping.protocol, mapping.internal_port};
        say("application: the end of a scope for " + text(key));
        kept_.erase(key);
        ++wire_.asked[key];
        const natpmp::scoped_mapping guard(*client_, mapping);
        return;
    }
}

/// The host tells of changes that concern nothing, every second for a while.
void world::notices(unsigned count)
{
    wire_.hint();
    network_.notify();
    if (count > 0)
        network_.at(network_.now() + 1s, [this, count] { notices(count - 1); });
}

void world::ask_address()
{
    ++wire_.asked[{}];
    client_->async_external_address(completion<asio::ip::address>(begin("ask for the address")));
}

void world::wait_event()
{
    const auto what = begin("wait for an event");
    client_->async_wait_event(completion<natpmp::event>(what, [this](const auto& error) {
        if (!error && client_ && network_.random(8) != 0)
            wait_event();
    }));
}

void world::cancel_one()
{
    constexpr asio::cancellation_type types[] = {asio::cancellation_type::terminal,
                                                 asio::cancellation_type::partial,
                                                 asio::cancellation_type::total};
    for (const auto& each : pending_)
        if (!each->done && each->number == client_number_ && network_.random(2) == 0) {
            const auto keep = each;
            say("application: cancel one");
            wire_.cancelled();
            keep->signal.emit(types[network_.random(3)]);
            return;
        }
}

/// Leaves in good order; if that succeeds, nothing of ours is left at the gateway.
void world::shut_down()
{
    const auto what = begin("shut down");
    const auto limit = std::chrono::milliseconds(network_.random(8000));
    // What the client holds for lost, a gateway with a slow clock may still have, and so may one
    // that the host came back to.
    std::set<mapping_key> ours;
    if (network_.gateway().model.faults.clock_percent >= 100 && moved_at_ < client_since_)
        for (const auto& [key, since] : kept_)
            ours.insert(key);
    for (const natpmp::mapping& mapping : client_->mappings())
        ours.insert({mapping.protocol, mapping.internal_port});
    // A map request that is still on its way may arrive after the delete.
    std::erase_if(
        ours, [&](const mapping_key& key) { return wire_.last_map(key) > network_.now() - 500ms; });
    kept_.clear();
    wire_.leaving = true;
    if (wire_.changing())
        ours.clear();
    const unsigned disturbances = disturbances_;
    client_->async_shutdown(
        limit,
        completion<>(what, [this, what, ours, disturbances](const natpmp::error_code& error) {
            if (what->number != client_number_)
                return; // it was destroyed before its loop went on
            const bool orderly =
                network_.now() - tidy_since_ > 10s && disturbances == disturbances_;
            if (!error && orderly)
                for (const mapping_key& key : ours)
                    check(!in_table(key), "nothing is left after a shutdown: " + text(key));
            wire_.closed = true;
        }));
}

void world::destroy()
{
    kept_.clear();
    client_.reset();
    wire_.closed = true;
    check_ended(client_number_);
    ++client_number_;
}

/// Once the loop goes on, everything that was asked of a client that is gone has its outcome.
void world::check_ended(std::size_t number)
{
    network_.settle();
    if (network_.now() < network_.free_from())
        return network_.at_host(network_.free_from(), [this, number] { check_ended(number); });
    for (const auto& each : pending_)
        check(each->done || each->number != number, "every operation completes");
}

} // namespace sim
