"""Images built by buildah in chroot isolation, on bases that debootstrap makes: no engine and no registry."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

from support.tools import ROOT

FOLDER = ROOT / ".build" / "image"
DEBIAN, SWIFT = "docker.io/library/debian:bookworm-slim", "docker.io/library/swift:6.3-bookworm"
# Compiles inside the image, by this machine's toolchain.
FULL = os.environ.get("IMAGE_FULL") == "1"

needs_buildah = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("buildah") or not shutil.which("debootstrap"),
    reason="building an image without an engine needs root, buildah and debootstrap")


def buildah(*words, timeout=600, **options):
    """Runs buildah over a store of its own; output as text by default."""
    options = {"capture_output": True, "text": True, "timeout": timeout, **options}
    return subprocess.run(
        ["buildah", "--root", FOLDER / "store", "--runroot", FOLDER / "run", "--storage-driver", "vfs", *words], **options)


def done(process):
    assert process.returncode == 0, process.stderr
    return process.stdout


def slim(root):
    """Takes away what debian:bookworm-slim does not have, and has dpkg leave it out from then on."""
    left_out = [f"usr/share/{name}" for name in ("doc", "man", "info", "locale", "groff", "lintian", "linda")]
    (root / "etc" / "dpkg" / "dpkg.cfg.d" / "slim").write_text("".join(f"path-exclude /{path}/*\n" for path in left_out))
    for path in [*left_out, "var/cache/apt", "var/lib/apt/lists"]:
        shutil.rmtree(root / path, ignore_errors=True)
        (root / path).mkdir()
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    (root / "var/lib/apt/lists/partial").mkdir()


def give_mirrors(container):
    """What this machine's git reads from a folder in place of a network address, the container's git does too."""
    listed = subprocess.run(["git", "config", "--get-regexp", r"^url\..*\.insteadof$"], capture_output=True, text=True, check=False)
    for key, address in (line.split(" ", 1) for line in listed.stdout.splitlines()):
        folder = key.removeprefix("url.").removesuffix(".insteadof")
        if os.path.isdir(folder):
            done(buildah("add", "-q", container, folder, folder))
            done(buildah("run", "--isolation", "chroot", container, "--", "git", "config", "--system", "--add", key, address))
            # They belong to somebody else there.
            done(buildah("run", "--isolation", "chroot", container, "--", "git", "config", "--system", "safe.directory", "*"))


def base():
    """Makes the Debian base, and where compiling needs it the toolchain's, once; other processes wait for it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_base()


def make_base():
    if DEBIAN not in buildah("images", "--format", "{{.Name}}:{{.Tag}}").stdout:
        root = FOLDER / "bookworm"
        if not (root / "etc" / "debian_version").exists():
            subprocess.run(
                ["debootstrap", "--variant=minbase", "bookworm", root, "http://deb.debian.org/debian"],
                check=True, stdout=subprocess.DEVNULL, timeout=600)
        slim(root)
        container = done(buildah("from", "scratch")).strip()
        done(buildah("add", "-q", container, root, "/"))
        done(buildah("commit", "-q", container, DEBIAN))
        done(buildah("rm", container))
    if FULL and SWIFT not in buildah("images", "--format", "{{.Name}}:{{.Tag}}").stdout:
        container = done(buildah("from", "--pull-never", DEBIAN)).strip()
        toolchain = pathlib.Path(shutil.which("swift")).resolve().parents[1]
        done(buildah("add", "-q", container, toolchain, "/usr"))
        done(buildah("run", "--isolation", "chroot", container, "--", "sh", "-c",
                     "apt-get update -qq && apt-get install -qq -y --no-install-recommends binutils gcc libc6-dev "
                     "libstdc++-12-dev libxml2 libncurses6 libcurl4 libedit2 libsqlite3-0 libpython3.11 zlib1g-dev git tzdata"))
        give_mirrors(container)
        done(buildah("commit", "-q", container, SWIFT))
        done(buildah("rm", container))
