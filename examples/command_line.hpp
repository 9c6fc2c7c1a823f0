// What the command lines of the examples have in common.

#ifndef EXAMPLES_COMMAND_LINE_HPP
#define EXAMPLES_COMMAND_LINE_HPP

#include <natpmp/natpmp.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// The command line makes no sense.
struct usage_error : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// Goes through the options of a command line.
///
///     while (line.next())
///         if (line.is("--port"))
///             port = line.port();
///         else
///             line.refuse();
class command_line
{
public:
    command_line(int count, char** values) : arguments_(values + 1, values + count)
    {}

    [[nodiscard]] bool asks_for_help() const
    {
        return std::find(arguments_.begin(), arguments_.end(), "--help") != arguments_.end();
    }

    /// Goes to the next option; false after the last.
    bool next()
    {
        if (at_ == arguments_.size())
            return false;
        option_ = arguments_[at_++];
        return true;
    }

    [[nodiscard]] bool is(std::string_view name) const
    {
        return option_ == name;
    }

    /// The option itself, or a word that is none.
    [[nodiscard]] std::string_view text() const
    {
        return option_;
    }

    /// The word after the option.
    std::string_view value()
    {
        if (at_ == arguments_.size())
            throw usage_error(std::string(option_) + " needs a value");
        return arguments_[at_++];
    }

    /// Everything after the option.
    std::vector<std::string> rest()
    {
        std::vector<std::string> result;
        while (at_ < arguments_.size())
            result.emplace_back(arguments_[at_++]);
        return result;
    }

    std::int64_t number(std::int64_t least, std::int64_t most)
    {
        return number_in(value(), least, most);
    }

    std::uint16_t port()
    {
        return port_in(value());
    }

    natpmp::net::ip::address address()
    {
        return address_in(value());
    }

    /// ADDRESS[:PORT], where requests are to go.
    void gateway(natpmp::client_options& options)
    {
        const std::string_view text = value();
        const auto colon = text.find(':');
        options.gateway = address_in(text.substr(0, colon));
        if (colon != std::string_view::npos)
            options.gateway_port = port_in(text.substr(colon + 1));
    }

    /// The value makes no sense.
    [[noreturn]] void refuse_value(std::string_view text, const std::string& what) const
    {
        throw usage_error(std::string(option_) + ": '" + std::string(text) + "' is not " + what);
    }

    /// The option makes no sense.
    [[noreturn]] void refuse() const
    {
        throw usage_error("unknown option '" + std::string(option_) + "'");
    }

private:
    [[nodiscard]] std::int64_t number_in(std::string_view text, std::int64_t least,
                                         std::int64_t most) const
    {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size() || value < least ||
            value > most)
            refuse_value(text,
                         "a number from " + std::to_string(least) + " to " + std::to_string(most));
        return value;
    }

    [[nodiscard]] std::uint16_t port_in(std::string_view text) const
    {
        return static_cast<std::uint16_t>(number_in(text, 1, 65535));
    }

    [[nodiscard]] natpmp::net::ip::address address_in(std::string_view text) const
    {
        natpmp::error_code error;
        const auto address = natpmp::net::ip::make_address_v4(std::string(text), error);
        if (error || address.is_unspecified())
            refuse_value(text, "an IPv4 address");
        return address;
    }

    std::vector<std::string_view> arguments_;
    std::string_view option_;
    std::size_t at_ = 0;
};

/// What main() does: calls `run(line)` for the exit status, prints the usage when it is asked for
/// or needed, and tells what went wrong.
template <class Run>
int main_of(int count, char** values, std::string_view usage, Run run)
{
    command_line line(count, values);
    if (line.asks_for_help()) {
        std::cout << usage;
        return 0;
    }
    try {
        return run(line);
    } catch (const usage_error& error) {
        std::cerr << "error: " << error.what() << "\n\n" << usage;
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << std::endl;
        return 1;
    }
}

#endif // EXAMPLES_COMMAND_LINE_HPP
