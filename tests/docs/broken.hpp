// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What doxygen has to complain of, for the test that it does. Nothing includes this.

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// A type with two gaps.
struct broken
{
    int without_comment = 0;

    /// Has a parameter without a comment.
    ///
    /// @param first One that has one.
    void incomplete(int first, int second);
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE
