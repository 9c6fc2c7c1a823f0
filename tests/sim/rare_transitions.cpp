// The transitions of a mapping that take a rare coincidence: each is brought about here, so that
// the documented table does not depend on what random runs come upon.

#include "support/catch.hpp"

#include <natpmp/detail/core/engine.hpp>
#include <natpmp/scoped_mapping.hpp>
#include <natpmp/testing/simulated_platform.hpp>

#include "support/asio.hpp"

#include <memory>
#include <set>
#include <tuple>
#include <vector>

namespace {

using namespace std::chrono_literals;
using natpmp::detail::cause;
using natpmp::detail::engine;
using natpmp::detail::phase;

/// The transitions that happen meanwhile; who recorded them before still hears of them.
class recording
{
public:
    recording()
    {
        engine::recorder = &recorder_;
    }

    ~recording()
    {
        engine::recorder = before_;
    }

    recording(const recording&) = delete;
    recording& operator=(const recording&) = delete;

    [[nodiscard]] bool has(phase from, cause why, phase to) const
    {
        return seen_.contains({from, why, to});
    }

private:
    const natpmp::detail::transition_recorder* before_ = engine::recorder;
    std::set<std::tuple<phase, cause, phase>> seen_;
    natpmp::detail::transition_recorder recorder_ = [this](natpmp::detail::mapping_key key,
                                                           phase from, cause why, phase to) {
        seen_.insert({from, why, to});
        if (before_)
            (*before_)(key, from, why, to);
    };
};

/// A client and its network, which takes as long for each datagram as the test says.
struct slow_home
{
    explicit slow_home(std::chrono::milliseconds timeout = 0ms)
        : client(network.platform(), natpmp::client_options{.timeout = timeout})
    {}

    recording transitions;
    asio::io_context context;
    natpmp::testing::simulated_network network{context, 7};
    natpmp::client client;
    std::vector<natpmp::error_code> completed;
    asio::cancellation_signal signal; ///< of the last operation

    void delay(std::chrono::milliseconds each_way)
    {
        network.conditions.least_delay = network.conditions.most_delay = each_way;
    }

    auto completion()
    {
        return asio::bind_cancellation_slot(signal.slot(),
                                            [this](const natpmp::error_code& error,
                                                   const auto&...) { completed.push_back(error); });
    }

    void map(std::uint16_t port, bool clean_up = false, bool keep_trying = false)
    {
        client.async_map_port(
            {.internal_port = port, .clean_up = clean_up, .keep_trying = keep_trying},
            completion());
        network.settle();
    }

    void unmap(std::uint16_t port)
    {
        client.async_unmap_port(natpmp::protocol::tcp, port, completion());
        network.settle();
    }

    void cancel()
    {
        signal.emit(asio::cancellation_type::terminal);
        network.settle();
    }

    /// A scoped_mapping ends.
    void unmap_quietly()
    {
        const auto up = client.mappings();
        REQUIRE(up.size() == 1);
        const natpmp::scoped_mapping scope(client, up.front());
    }

    bool mapped(std::uint16_t port)
    {
        return network.gateway()
            .model.table
            .find(network.host().local_address.to_v4(), natpmp::protocol::tcp, port, network.now())
            .has_value();
    }

    void another_gateway()
    {
        const auto address = asio::ip::make_address_v4("10.0.0.1");
        network.add_gateway(address);
        network.set_host(asio::ip::make_address_v4("10.0.0.2"), address);
    }

    void no_gateway()
    {
        network.set_host(network.host().local_address.to_v4(), {});
    }
};

/// Port 80 was wanted no more before its map request was answered, and has been deleted; the map
/// request arrives at the gateway a second later.
struct guarded_home : slow_home
{
    guarded_home()
    {
        delay(3s);
        map(80);
        network.run_for(100ms);
        delay(1ms);
        cancel();
        network.run_for(1900ms);
        REQUIRE(transitions.has(phase::deleting, cause::deleted, phase::guarded));
        completed.clear();
    }
};

} // namespace

TEST_CASE("sim: a guarded mapping that is wanted again is up in the end", "[transitions]")
{
    guarded_home home;
    const bool clean_up = GENERATE(false, true);
    home.map(80, clean_up);
    CHECK(home.transitions.has(phase::guarded, cause::wanted,
                               clean_up ? phase::cleaning : phase::requested));
    home.network.run_for(10s);
    REQUIRE(home.completed.size() == 1);
    CHECK_FALSE(home.completed.front());
    CHECK(home.mapped(80));
}

TEST_CASE("sim: a guarded mapping that is unmapped is gone in the end", "[transitions]")
{
    guarded_home home;
    home.unmap(80);
    CHECK(home.transitions.has(phase::guarded, cause::unwanted, phase::deleting));
    home.network.run_for(10s);
    REQUIRE(home.completed.size() == 1);
    CHECK_FALSE(home.completed.front());
    CHECK_FALSE(home.mapped(80));
}

TEST_CASE("sim: a guarded mapping that is wanted or unmapped in vain is guarded again",
          "[transitions]")
{
    guarded_home home;
    home.delay(3s);
    home.map(81); // nothing else is sent meanwhile
    SECTION("wanted")
    {
        const bool clean_up = GENERATE(false, true);
        home.map(80, clean_up);
        home.cancel();
        CHECK(home.transitions.has(clean_up ? phase::cleaning : phase::requested, cause::unwanted,
                                   phase::guarded));
    }
    SECTION("unmapped")
    {
        home.unmap(80);
        home.cancel();
        CHECK(home.transitions.has(phase::deleting, cause::unwanted, phase::guarded));
    }
    home.delay(1ms);
    home.network.run_for(10s);
    CHECK_FALSE(home.mapped(80));
}

TEST_CASE("sim: a shutdown and another gateway end the guard", "[transitions]")
{
    guarded_home home;
    SECTION("a shutdown")
    {
        home.client.async_shutdown(2s, home.completion());
        home.network.settle();
        CHECK(home.transitions.has(phase::guarded, cause::shutdown, phase::ended));
        REQUIRE(home.completed.size() == 1);
        CHECK_FALSE(home.completed.front());
    }
    SECTION("another gateway")
    {
        home.another_gateway();
        home.network.run_for(500ms);
        CHECK(home.transitions.has(phase::guarded, cause::gateway_left, phase::ended));
    }
    SECTION("none")
    {
        home.no_gateway();
        home.network.run_for(500ms);
        CHECK(home.transitions.has(phase::guarded, cause::gateway_left, phase::ended));
    }
}

TEST_CASE("sim: an unmap that is cancelled in the queue, while another operation maps",
          "[transitions]")
{
    slow_home home;
    SECTION("a port that nothing was sent for is cleaned up, or asked for")
    {
        const bool clean_up = GENERATE(false, true);
        home.delay(3s);
        home.map(81);
        home.unmap(80);
        home.client.async_map_port({.internal_port = 80, .clean_up = clean_up},
                                   [](const auto&...) {});
        home.cancel();
        CHECK(home.transitions.has(phase::deleting, cause::wanted,
                                   clean_up ? phase::cleaning : phase::requested));
    }
    SECTION("one whose map request is in flight is granted")
    {
        home.delay(300ms);
        home.map(80);
        home.network.run_for(100ms);
        home.unmap(80);
        home.client.async_map_port({.internal_port = 80, .clean_up = false}, [](const auto&...) {});
        home.cancel();
        home.network.run_for(1s);
        CHECK(home.transitions.has(phase::deleting, cause::granted, phase::leased));
    }
    home.delay(1ms);
    home.network.run_for(10s);
    CHECK(home.mapped(80));
}

TEST_CASE("sim: another gateway, while a mapping is deleted and wanted again", "[transitions]")
{
    slow_home home;
    home.map(80);
    home.network.run_for(1s);
    home.delay(3s);
    home.unmap_quietly();
    home.network.run_for(100ms);
    home.map(80);
    home.another_gateway();
    home.delay(1ms);
    home.network.run_for(10s);
    CHECK(home.transitions.has(phase::deleting, cause::gateway_left, phase::requested));
    CHECK(home.mapped(80));
}

TEST_CASE("sim: another gateway, or another call, before the clean-up of a port", "[transitions]")
{
    slow_home home;
    home.delay(3s);
    home.map(81);
    SECTION("another gateway")
    {
        home.map(80, true);
        home.another_gateway();
        home.delay(1ms);
        home.network.run_for(500ms);
        CHECK(home.transitions.has(phase::cleaning, cause::gateway_left, phase::cleaning));
    }
    SECTION("another call")
    {
        home.map(80);
        home.map(80, true);
        CHECK(home.transitions.has(phase::requested, cause::wanted, phase::cleaning));
    }
    home.delay(1ms);
    home.network.run_for(10s);
    CHECK(home.mapped(80));
}

TEST_CASE("sim: a shutdown while ports stay wanted that were not granted", "[transitions]")
{
    slow_home home(1s);
    home.delay(3s);
    home.map(79, false, true);
    home.map(80, true, true);
    home.map(81, false, true);
    home.network.run_for(1100ms); // all three are past their deadlines, and the first was asked for
    REQUIRE(home.client.status().kept == 3);
    home.client.async_shutdown(2s, home.completion());
    home.network.settle();
    CHECK(home.transitions.has(phase::requested, cause::shutdown, phase::deleting));
    CHECK(home.transitions.has(phase::cleaning, cause::shutdown, phase::ended));
    CHECK(home.transitions.has(phase::requested, cause::shutdown, phase::ended));
}

TEST_CASE("sim: a delete that waits past the end of a lease whose renewal is unanswered",
          "[transitions]")
{
    slow_home home;
    home.client.async_map_port({.internal_port = 80, .lifetime = 2s, .clean_up = false},
                               home.completion());
    home.network.run_for(300ms);
    REQUIRE(home.client.mappings().size() == 1);
    auto scope = std::make_unique<natpmp::scoped_mapping>(home.client, home.client.mappings()[0]);
    home.network.gateway().reachable = false;
    home.network.run_for(900ms); // the renewal is in flight
    home.client.async_unmap_port(natpmp::protocol::tcp, 79, home.completion());
    home.network.run_for(100ms);
    scope.reset(); // its delete waits for that of the other port
    home.network.run_for(3s);
    CHECK(home.transitions.has(phase::deleting, cause::expired, phase::guarded));
}
