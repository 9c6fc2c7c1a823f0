// What clang-tidy looks at to see the public headers, with their templates instantiated.

#include <natpmp/natpmp.hpp>
#include <natpmp/testing/fake_gateway.hpp>
#include <natpmp/testing/simulated_platform.hpp>

#include <chrono>

template class natpmp::basic_client<>;
template class natpmp::testing::basic_fake_gateway<>;

namespace {

[[maybe_unused]] void use(natpmp::client& client)
{
    client.async_map_port(natpmp::protocol::tcp, 1, [](const auto&, const auto&) {});
    client.async_map_port_pair(1, [](const auto&, const auto&) {});
    client.async_unmap_port(natpmp::protocol::tcp, 1, [](const auto&) {});
    client.async_external_address([](const auto&, const auto&) {});
    client.async_wait_event([](const auto&, const auto&) {});
    client.async_shutdown(std::chrono::seconds(1), [](const auto&) {});
    client.set_observer([](const auto&) {});
}

} // namespace
