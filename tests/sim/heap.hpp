// How much memory the program holds.

#pragma once

#include <cstdint>

namespace sim {

/// What operator new gave and operator delete did not take back yet.
std::int64_t live_heap_bytes() noexcept;

} // namespace sim
