// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_SUPPORT_WITHOUT_NETLINK_HPP
#define NATPMP_TESTS_SUPPORT_WITHOUT_NETLINK_HPP

// Linux: takes netlink away from this process and its children, as some sandboxes do.

#include <cerrno>
#include <cstddef>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

namespace without_netlink {

#if defined(__x86_64__) && defined(__LP64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && defined(__AARCH64EL__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned architecture = 0;
#endif

/// From now on socket(AF_NETLINK, ...) fails with EPERM, for good. False if that cannot be had.
inline bool forbid_netlink() noexcept
{
    if (architecture == 0)
        return false;
    // The low half of the first argument, on a little-endian machine.
    constexpr auto family = static_cast<unsigned>(offsetof(seccomp_data, args));
    constexpr unsigned load = BPF_LD | BPF_W | BPF_ABS, compare = BPF_JMP | BPF_JEQ | BPF_K;
    sock_filter program[] = {
        {load, 0, 0, offsetof(seccomp_data, arch)},
        {compare, 1, 0, architecture},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
        {load, 0, 0, offsetof(seccomp_data, nr)},
        {compare, 0, 3, __NR_socket},
        {load, 0, 0, family},
        {compare, 0, 1, AF_NETLINK},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    const sock_fprog filter{sizeof program / sizeof *program, program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

} // namespace without_netlink

#endif // NATPMP_TESTS_SUPPORT_WITHOUT_NETLINK_HPP
