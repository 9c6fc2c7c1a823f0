// Opens ports at the router, keeps them open, tells what happens to them, and closes them on
// SIGINT or SIGTERM.

#include "command_line.hpp"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <natpmp/natpmp.hpp>
#include <natpmp/testing/fake_gateway.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

constexpr std::string_view usage =
    R"(usage: map_port [--tcp PORT]... [--udp PORT]... [option]...
       map_port --demo [--json] [--trace]

Opens ports of this host at the router by NAT-PMP and keeps them open until SIGINT or SIGTERM.
A port given with --tcp and --udp is mapped as a pair, to one external port if the router gives it.

  --tcp PORT                 map a TCP port
  --udp PORT                 map a UDP port
  --external PORT            suggest this external port (default: the internal one)
  --lifetime SECONDS         ask for this lifetime (default: 7200)
  --gateway ADDRESS[:PORT]   ask this gateway (default: the default gateway, port 5351)
  --local ADDRESS            send from this address
  --timeout SECONDS          give up an attempt after this time (default: 129.5 s)
  --shutdown-limit SECONDS   how long the unmapping may take (default: 2)
  --no-cleanup               do not delete what an earlier run may have left behind
  --once                     leave the mappings in place and exit when they are made
  --keep-trying              go on asking after a failure
  --json                     print one JSON object a line
  --trace                    show every datagram
  --demo                     play it through against a gateway of our own on loopback

Exit status: 0 done; 1 nothing could be mapped; 2 bad usage; 3 the unmapping was not confirmed.
)";

struct settings
{
    std::set<std::uint16_t> tcp, udp;
    natpmp::map_request request;
    natpmp::client_options options;
    std::chrono::milliseconds shutdown_limit{2000};
    bool once = false, json = false, trace = false, demo = false;
};

/// Seconds, perhaps with a fraction.
std::chrono::milliseconds parse_seconds(command_line& line, std::int64_t least)
{
    const std::string_view text = line.value();
    double value = 0;
    std::istringstream stream{std::string(text)}; // not every library's from_chars() takes a double
    if (!(stream >> std::noskipws >> value) || !stream.eof() ||
        !(value * 1000 >= static_cast<double>(least)) || value > 1e6)
        line.refuse_value(text, "a number of seconds");
    return std::chrono::milliseconds(static_cast<std::int64_t>(value * 1000));
}

settings parse(command_line& line)
{
    settings result;
    while (line.next()) {
        if (line.is("--tcp"))
            result.tcp.insert(line.port());
        else if (line.is("--udp"))
            result.udp.insert(line.port());
        else if (line.is("--external"))
            result.request.external_port = line.port();
        else if (line.is("--lifetime"))
            result.request.lifetime = std::chrono::seconds(line.number(1, 0xFFFFFFFF));
        else if (line.is("--gateway"))
            line.gateway(result.options);
        else if (line.is("--local"))
            result.options.local_address = line.address();
        else if (line.is("--timeout"))
            result.options.timeout = parse_seconds(line, 1);
        else if (line.is("--shutdown-limit"))
            result.shutdown_limit = parse_seconds(line, 0);
        else if (line.is("--no-cleanup"))
            result.request.clean_up = false;
        else if (line.is("--once"))
            result.once = true;
        else if (line.is("--keep-trying"))
            result.request.keep_trying = true;
        else if (line.is("--json"))
            result.json = true;
        else if (line.is("--trace"))
            result.trace = true;
        else if (line.is("--demo"))
            result.demo = true;
        else
            line.refuse();
    }
    if (result.tcp.empty() && result.udp.empty() && !result.demo)
        throw usage_error("no port given");
    return result;
}

std::string json_string(std::string_view text)
{
    std::string result = "\"";
    for (const char character : text) {
        if (character == '"' || character == '\\')
            result += '\\';
        result += character;
    }
    return result + '"';
}

/// Prints what happens, a line each, for people or as JSON.
class printer
{
public:
    printer(bool json, bool trace) : json_(json), trace_(trace)
    {}

    void operator()(const natpmp::event& news) const
    {
        using natpmp::event_kind;
        if (news.kind == event_kind::mapping_failing)
            return failure("map", &news.mapping, news.error);
        if (news.kind == event_kind::announcements_unavailable)
            return failure("announcements", nullptr, news.error);
        if (news.kind == event_kind::unmapped && news.error)
            return failure("unmap", &news.mapping, news.error);
        if (json_)
            print_json(news);
        else
            print_text(news);
    }

    void operator()(const natpmp::datagram& datagram) const
    {
        using fate = natpmp::datagram::fate;
        if (!trace_)
            return;
        const std::string_view what = to_string(datagram.what);
        const bool outward = datagram.what == fate::sent || datagram.what == fate::not_sent;
        std::string reason;
        if (datagram.what == fate::ignored)
            reason = to_string(datagram.reason);
        else if (datagram.error)
            reason = datagram.error.message();
        std::string bytes;
        for (const std::uint8_t byte : datagram.bytes)
            for (const int digit : {byte >> 4, byte & 15})
                bytes += "0123456789abcdef"[digit];
        const std::string meaning = natpmp::describe(datagram.bytes);
        if (json_)
            std::cout << R"({"trace":")" << what << R"(","peer":")" << datagram.peer
                      << R"(","meaning":)" << json_string(meaning) << R"(,"reason":)"
                      << json_string(reason) << R"(,"bytes":")" << bytes << "\"}" << std::endl;
        else
            std::cout << "  " << what << (outward ? " to " : " from ") << datagram.peer << ": "
                      << meaning
                      << (reason.empty() ? ""
                          : outward      ? " ("
                                         : " (ignored: ")
                      << reason << (reason.empty() ? "" : ")") << "  [" << bytes << ']'
                      << std::endl;
    }

    void failure(std::string_view operation, const natpmp::mapping* mapping,
                 const natpmp::error_code& error) const
    {
        if (json_) {
            std::cout << R"({"event":"error","operation":")" << operation << '"';
            if (mapping)
                std::cout << R"(,"protocol":")" << to_string(mapping->protocol)
                          << R"(","internal_port":)" << mapping->internal_port;
            std::cout << R"(,"code":)" << error.value() << R"(,"category":")"
                      << error.category().name() << R"(","message":)"
                      << json_string(error.message()) << '}' << std::endl;
            return;
        }
        std::cout << "error: " << operation;
        if (mapping)
            std::cout << ' ' << to_string(mapping->protocol) << ' ' << mapping->internal_port;
        std::cout << ": " << error.message() << " [" << error.category().name() << ' '
                  << error.value() << ']' << std::endl;
    }

private:
    static std::string address_text(const asio::ip::address& address, std::string_view unknown)
    {
        return address.is_unspecified() ? std::string(unknown) : address.to_string();
    }

    /// An address that the Internet does not reach: there is a second NAT, most of the time.
    static std::string warning(const asio::ip::address& address)
    {
        if (address.is_unspecified() || natpmp::publicly_routable(address))
            return {};
        return " (" + std::string(to_string(natpmp::classify(address))) + " address)";
    }

    static void print_text(const natpmp::event& news)
    {
        using natpmp::event_kind;
        const natpmp::mapping& mapping = news.mapping;
        std::cout << to_string(news.kind);
        if (news.kind == event_kind::gateway_changed)
            std::cout << ' ' << address_text(news.gateway, "none");
        else if (news.kind == event_kind::address_changed)
            std::cout << ' ' << address_text(mapping.external_address, "unknown") << " ("
                      << to_string(natpmp::classify(mapping.external_address)) << ')';
        else
            std::cout << ' ' << to_string(mapping.protocol) << ' ' << mapping.internal_port;
        if (news.about_mapping() && news.kind != event_kind::unmapped &&
            news.kind != event_kind::lost)
            std::cout << " -> " << address_text(mapping.external_address, "unknown") << ':'
                      << mapping.external_port << " for " << mapping.lifetime.count() << " s"
                      << warning(mapping.external_address);
        if (news.error)
            std::cout << ": " << news.error.message();
        std::cout << std::endl;
    }

    static void print_json(const natpmp::event& news)
    {
        const natpmp::mapping& mapping = news.mapping;
        const std::string address = mapping.external_address.is_unspecified()
                                        ? "null"
                                        : json_string(mapping.external_address.to_string());
        std::cout << R"({"event":")" << to_string(news.kind) << '"';
        if (news.about_mapping())
            std::cout << R"(,"protocol":")" << to_string(mapping.protocol)
                      << R"(","internal_port":)" << mapping.internal_port;
        std::cout << R"(,"external_address":)" << address;
        if (!warning(mapping.external_address).empty())
            std::cout << R"(,"address_kind":")"
                      << to_string(natpmp::classify(mapping.external_address)) << '"';
        if (news.about_mapping())
            std::cout << R"(,"external_port":)" << mapping.external_port << R"(,"lifetime":)"
                      << mapping.lifetime.count();
        if (news.kind == natpmp::event_kind::gateway_changed)
            std::cout << R"(,"gateway":)" << json_string(address_text(news.gateway, ""));
        if (news.error)
            std::cout << R"(,"code":)" << news.error.value() << R"(,"category":")"
                      << news.error.category().name() << R"(","message":)"
                      << json_string(news.error.message());
        std::cout << '}' << std::endl;
    }

    bool json_, trace_;
};

class program
{
public:
    program(asio::io_context& context, const settings& chosen)
        : settings_(chosen),
          print_(chosen.json, chosen.trace),
          client_(context, chosen.options),
          signals_(context, SIGINT, SIGTERM)
    {
        client_.set_observer(print_);
    }

    void start()
    {
        signals_.async_wait([this](const asio::error_code& error, int) {
            if (!error)
                leave();
        });
        std::set<std::uint16_t> ports = settings_.tcp;
        ports.insert(settings_.udp.begin(), settings_.udp.end());
        for (const std::uint16_t port : ports)
            map(port);
    }

    /// Calls `leave` after a number of renewals.
    void leave_after(unsigned renewals)
    {
        client_.set_observer([this, renewals, print = print_](const auto& item) mutable {
            print(item);
            if constexpr (std::is_same_v<decltype(item), const natpmp::event&>)
                if (item.kind == natpmp::event_kind::renewed && --renewals == 0)
                    leave();
        });
    }

    [[nodiscard]] int status() const
    {
        return status_.value_or(1);
    }

private:
    void map(std::uint16_t port)
    {
        natpmp::map_request request = settings_.request;
        request.internal_port = port;
        const bool tcp = settings_.tcp.contains(port), udp = settings_.udp.contains(port);
        request.protocol = tcp ? natpmp::protocol::tcp : natpmp::protocol::udp;
        ++pending_;
        if (tcp && udp)
            client_.async_map_port_pair(request, [this, request](const natpmp::error_code& error,
                                                                 const natpmp::mapping_pair&) {
                mapped(error, "map_pair", request);
            });
        else
            client_.async_map_port(
                request, [this, request](const natpmp::error_code& error, const natpmp::mapping&) {
                    mapped(error, "map", request);
                });
    }

    void mapped(const natpmp::error_code& error, std::string_view operation,
                const natpmp::map_request& request)
    {
        --pending_;
        mapped_ += error ? 0 : 1;
        if (error && !leaving_) {
            const natpmp::mapping failed{.protocol = request.protocol,
                                         .internal_port = request.internal_port.value()};
            print_.failure(operation, &failed, error);
        }
        if (pending_ > 0 || leaving_)
            return;
        if (mapped_ == 0) // what was not answered may have been granted all the same: one delete
            client_.async_shutdown(std::min<std::chrono::milliseconds>(
                                       settings_.shutdown_limit, std::chrono::milliseconds(250)),
                                   [this](const natpmp::error_code&) { end(1); });
        else if (settings_.once)
            end(0);
    }

    void leave()
    {
        leaving_ = true;
        client_.async_shutdown(settings_.shutdown_limit, [this](const natpmp::error_code& error) {
            if (error)
                print_.failure("shutdown", nullptr, error);
            end(error ? 3 : mapped_ > 0 ? 0 : 1);
        });
    }

    void end(int status)
    {
        status_ = status;
        asio::error_code ignored;
        signals_.cancel(ignored);
        signals_.get_executor().context().stop();
    }

    const settings& settings_;
    printer print_;
    natpmp::client client_;
    asio::basic_signal_set<asio::io_context::executor_type> signals_;
    unsigned pending_ = 0, mapped_ = 0;
    bool leaving_ = false;
    std::optional<int> status_;
};

int run(settings chosen)
{
    asio::io_context context;
    std::optional<natpmp::testing::fake_gateway> gateway;
    if (chosen.demo) {
        gateway.emplace(context.get_executor());
        chosen.options.gateway = gateway->endpoint().address();
        chosen.options.gateway_port = gateway->endpoint().port();
        chosen.options.local_address = asio::ip::address_v4::loopback();
        chosen.request.lifetime = std::chrono::seconds(4);
        chosen.tcp = chosen.udp = {6881};
        chosen.trace = true;
        if (!chosen.json)
            std::cout << "a gateway of our own at " << gateway->endpoint()
                      << "; TCP and UDP port 6881 for 4 s, renewed once, then unmapped"
                      << std::endl;
    }
    program mapper(context, chosen);
    if (chosen.demo)
        mapper.leave_after(2);
    mapper.start();
    context.run();
    return mapper.status();
}

} // namespace

int main(int count, char** values)
{
    return main_of(count, values, usage, [](command_line& line) { return run(parse(line)); });
}
