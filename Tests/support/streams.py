"""Streams of tensors as the tools exchange them: .npy bytes and tars of them."""

import io
import tarfile

import numpy as np


def npy(array):
    body = io.BytesIO()
    np.save(body, array)
    return body.getvalue()


def tar(members, format=tarfile.PAX_FORMAT):
    """An archive of (name, bytes) pairs."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format) as archive:
        for name, body in members:
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return stream.getvalue()
