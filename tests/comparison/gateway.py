#!/usr/bin/env python3
"""gateway.py HABIT: a NAT-PMP gateway on 127.0.0.1 port 5351 with one habit.

It has nothing in common with the library's own test gateways, so that the comparison does not depend
on what this project takes NAT-PMP for. Prints each request with the time since the first.

  good       answers as RFC 6886 says
  short      cuts each answer to 4 bytes
  stranger   answers from another port
  other      answers about internal port 1 first, then as it should
  zero       grants port 0 and lifetime 0, with success
  private    is behind another NAT: code 3 for the address, mappings are granted
  silent     answers nothing
"""

import socket
import struct
import sys
import time


def answer(request, habit):
    """The answer to a request, and what comes before it."""
    head = struct.pack(">BBHI", 0, 0x80 | request[1], 0, 1000)
    if request[1] == 0:
        if habit == "private":
            return [struct.pack(">BBHII", 0, 0x80, 3, 1000, 0)]
        return [head + bytes([203, 0, 113, 7])]
    internal, external, lifetime = struct.unpack(">HHI", request[4:12])
    if lifetime == 0 or habit == "zero":
        return [head + struct.pack(">HHI", internal, 0, 0)]
    true = head + struct.pack(">HHI", internal, external or internal, lifetime)
    other = head + struct.pack(">HHI", 1, 1024, lifetime)
    return [other, true] if habit == "other" else [true]


def main():
    habit = sys.argv[1]
    service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    service.bind(("127.0.0.1", 5351))
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 5352))
    print("ready", flush=True)
    first = None
    while True:
        request, client = service.recvfrom(1500)
        now = time.monotonic()
        first = first or now
        print(f"    {now - first:6.3f} s  {request.hex(' ', 2)}", flush=True)
        if habit == "silent":
            continue
        for packet in answer(request, habit):
            sender = stranger if habit == "stranger" else service
            sender.sendto(packet[:4] if habit == "short" else packet, client)


if __name__ == "__main__":
    main()
