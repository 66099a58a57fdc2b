"""A slow, lossy link with a server at its far end: `link.py PORT DELAY_MS LOSS_PERCENT -- COMMAND…`.

The command runs in a network namespace of its own and listens on 127.0.0.1:PORT there. What connects to 127.0.0.1:PORT here is
carried to it in TCP over two TUN devices, and each IP packet between these is late by DELAY_MS, each way, or lost: so TCP has to
repeat, with the time-outs of the real thing. Needs root and Linux. Everything is gone when standard input ends or the process does.
"""

import asyncio
import ctypes
import fcntl
import os
import queue
import random
import signal
import struct
import subprocess
import sys
import threading
import time

# <linux/if_tun.h>, <sched.h>, <sys/prctl.h>
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1
LIBC = ctypes.CDLL(None, use_errno=True)

# For benchmarks of networks (RFC 2544 appendix C.2.2).
HERE, THERE = "198.18.77.1", "198.18.77.2"


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def tun(name, address):
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "address", "add", address + "/30", "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up", "txqueuelen", "5000"], check=True)
    return device


def carry(source, sink, delay, loss):
    """Packets one way, in order."""
    late = queue.SimpleQueue()

    def take():
        while True:
            packet = os.read(source, 65536)
            if random.random() >= loss:
                late.put((time.monotonic() + delay, packet))

    def give():
        while True:
            due, packet = late.get()
            time.sleep(max(0.0, due - time.monotonic()))
            os.write(sink, packet)

    for run in (take, give):
        threading.Thread(target=run, daemon=True).start()


async def relay(listen, connect, port):
    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.close()

    async def accepted(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(connect, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        writer.close()
        far_writer.close()

    server = await asyncio.start_server(accepted, listen, port, backlog=1024)
    await server.serve_forever()


def far_end(port, command, devices):
    """A namespace belongs to a thread: the rest of this process stays where it is."""
    check(LIBC.unshare(CLONE_NEWNET))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    devices.put(tun("bench-far", THERE))
    die_with_us = lambda: check(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_us)
    asyncio.run(relay(THERE, "127.0.0.1", port))


def main():
    port, delay, loss = int(sys.argv[1]), float(sys.argv[2]) / 1000, float(sys.argv[3]) / 100
    command = sys.argv[sys.argv.index("--") + 1 :]
    near, devices = tun("bench-near", HERE), queue.SimpleQueue()
    threading.Thread(target=far_end, args=(port, command, devices), daemon=True).start()
    far = devices.get(timeout=10)
    carry(near, far, delay, loss)
    carry(far, near, delay, loss)
    threading.Thread(target=lambda: asyncio.run(relay("127.0.0.1", THERE, port)), daemon=True).start()
    sys.stdin.read()


main()
