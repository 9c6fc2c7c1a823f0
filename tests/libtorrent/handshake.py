#!/usr/bin/env python3
"""handshake.py ADDRESS PORT INFO-HASH: a peer that connects, and leaves after the handshake.

Exit code 0: the other side has answered with a handshake for the same torrent. Prints what it calls
itself, the first eight bytes of its peer ID.
"""

import socket
import sys

address, port, info_hash = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
with socket.create_connection((address, port), timeout=5) as peer:
    head = b"\x13BitTorrent protocol"
    peer.sendall(head + bytes(8) + info_hash + b"-XX0000-" + b"x" * 12)
    answer = b""
    while len(answer) < 68:
        part = peer.recv(68 - len(answer))
        if not part:
            sys.exit(f"closed after {len(answer)} bytes")
        answer += part
if answer[:20] != head or answer[28:48] != info_hash:
    sys.exit(f"no handshake for this torrent: {answer.hex()}")
print(answer[48:56].decode("latin-1"))
