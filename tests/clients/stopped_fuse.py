"""A file system in user space that stops at once: it agrees with the kernel to be mounted and answers nothing after that.

stopped_fuse.py FOLDER: mounts on FOLDER, prints "mounted" and stays. Whatever asks the mount anything waits for ever.
"""

import ctypes
import os
import struct
import sys
import time

HEADER = struct.Struct("<IIQQIIII")  # fuse_in_header: length, opcode, unique, node, uid, gid, pid, padding
INIT = 26


def mount(folder: str) -> int:
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"stopped", folder.encode(), b"fuse.stopped", 0, options) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), folder)
    return device


def agree(device: int) -> None:
    request = os.read(device, 1 << 20)
    _, opcode, unique, *_ = HEADER.unpack_from(request)
    if opcode != INIT:
        raise ValueError(f"the kernel began with request {opcode}")
    minor = struct.unpack_from("<II", request, HEADER.size)[1]
    # fuse_init_out: version 7 of the protocol, nothing optional.
    body = struct.pack("<IIIIHHIIHH8I", 7, minor, 0, 0, 1, 1, 4096, 1, 0, 0, *[0] * 8)
    os.write(device, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)


def main() -> None:
    device = mount(sys.argv[1])
    agree(device)
    print("mounted", flush=True)
    time.sleep(600)


main()
