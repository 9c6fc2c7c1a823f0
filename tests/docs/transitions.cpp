// Whether docs/architecture.md has each transition of a mapping that happens, and no other: what is
// linked here, the cases of the engine and the random simulation, is run with all of them recorded.

#ifdef _MSC_VER
#pragma warning(push, 0)
#endif
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include <catch2/catch.hpp>
#endif
#ifdef _MSC_VER
#pragma warning(pop)
#endif

#include <natpmp/detail/core/engine.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

using natpmp::detail::cause;
using natpmp::detail::phase;

using name = std::string;
using transition = std::tuple<name, name, name>; ///< from, why, to

constexpr std::array<std::string_view, 6> phases{"cleaning", "requested", "leased",
                                                 "deleting", "guarded",   "ended"};
constexpr std::array<std::string_view, 9> causes{"wanted",  "unwanted",     "granted",
                                                 "failed",  "deleted",      "late_grant",
                                                 "expired", "gateway_left", "shutdown"};
static_assert(phases.size() == static_cast<std::size_t>(phase::ended) + 1);
static_assert(causes.size() == static_cast<std::size_t>(cause::shutdown) + 1);

template <std::size_t Count, class Value>
name name_of(const std::array<std::string_view, Count>& names, Value value)
{
    return name(names.at(static_cast<std::size_t>(value)));
}

std::string text(const transition& what)
{
    const auto& [from, why, to] = what;
    return from + " | " + why + " | " + to;
}

/// The names in one cell of the table: `this`, `that`.
std::vector<name> names_in(const std::string& cell)
{
    std::vector<name> result;
    std::size_t begin = cell.find('`');
    while (begin != name::npos) {
        const std::size_t end = cell.find('`', begin + 1);
        result.push_back(cell.substr(begin + 1, end - begin - 1));
        begin = end == name::npos ? end : cell.find('`', end + 1);
    }
    return result;
}

/// The transitions of the page's table: of a row with several names in its cells, each with each.
std::set<transition> documented()
{
    std::ifstream page(NATPMP_ARCHITECTURE_PAGE);
    std::set<transition> result;
    bool inside = false;
    for (std::string line; std::getline(page, line);) {
        if (line.find("<!-- transitions:") != name::npos)
            inside = line.find("begin") != name::npos;
        if (!inside || line.empty() || line.front() != '|')
            continue;
        std::vector<std::vector<name>> cells;
        std::istringstream row(line.substr(1));
        for (std::string cell; cells.size() < 3 && std::getline(row, cell, '|');)
            cells.push_back(names_in(cell));
        if (cells.size() < 3)
            continue;
        for (const name& from : cells[0])
            for (const name& why : cells[1])
                for (const name& to : cells[2])
                    if (!result.emplace(from, why, to).second)
                        std::cout << "twice on the page: " << text({from, why, to}) << '\n';
    }
    return result;
}

} // namespace

int main(int argc, char** argv)
{
    std::map<transition, std::uint64_t> seen;
    const natpmp::detail::transition_recorder recorder = [&](natpmp::detail::mapping_key,
                                                             phase from, cause why, phase to) {
        ++seen[{name_of(phases, from), name_of(causes, why), name_of(phases, to)}];
    };
    natpmp::detail::engine::recorder = &recorder;
    // A case that fails does so in its own program too; here only the table counts.
    Catch::Session().run(argc, argv);
    natpmp::detail::engine::recorder = nullptr;
    int failures = 0;

    const std::set<transition> page = documented();
    for (const auto& [what, count] : seen) {
        std::cout << text(what) << ": " << count << '\n';
        if (!page.contains(what)) {
            ++failures;
            std::cout << "FAILED: this happens, and " NATPMP_ARCHITECTURE_PAGE " does not have it: "
                      << text(what) << '\n';
        }
    }
    for (const transition& what : page)
        if (!seen.contains(what)) {
            ++failures;
            std::cout << "FAILED: " NATPMP_ARCHITECTURE_PAGE " has this, and it never happens: "
                      << text(what) << '\n';
        }
    return failures > 0;
}
