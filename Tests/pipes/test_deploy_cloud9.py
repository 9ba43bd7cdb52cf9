"""cloud9_install.sh with the commands it grows a disk with replaced."""

import shutil

import pytest

from support.fake_commands import FakeCommands, answer
from support.tools import ROOT


@pytest.fixture
def fake(tmp_path):
    """A Cloud9 instance with a small disk; install.sh only says how it was called."""
    fake = FakeCommands(tmp_path)
    for name in "aws", "curl", "df", "findmnt", "lsblk", "sudo":
        fake.add(name)
    fake.rule("sudo")
    fake.rule("df", answer("Avail\n   3G"))
    fake.rule("curl", answer("i-1"))
    fake.rule("curl", answer("a-token"), parts=["PUT"])
    fake.rule("curl", answer("eu-west-1"), parts=["placement/region"])
    fake.rule("findmnt", answer("/dev/nvme0n1p1"), parts=["SOURCE"])
    fake.rule("findmnt", answer("xfs"), parts=["FSTYPE"])
    fake.rule("lsblk", answer("nvme0n1"))
    fake.rule("aws ec2 describe-volumes ", answer("vol-1\t10"))
    fake.rule("aws ec2 modify-volume")
    fake.rule("aws ec2 describe-volumes-modifications", answer("modifying"), answer("optimizing"))
    fake.environment["CLOUD9_POLL_SECONDS"] = "0"
    shutil.copy(ROOT / "deploy" / "cloud9_install.sh", tmp_path)
    (tmp_path / "install.sh").write_text('#!/bin/sh\necho "installing $*"\n')
    (tmp_path / "install.sh").chmod(0o755)
    return fake


def run(fake):
    return fake.run(fake.folder / "cloud9_install.sh", "--compute", "fargate-spot")


def test_small_disk_grows_and_options_go_on(fake):
    done = run(fake)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "installing --compute fargate-spot\n"
    assert "--volume-id vol-1 --size 40" in fake.matching("modify-volume")[0]
    assert len(fake.matching("describe-volumes-modifications")) == 2
    assert fake.matching("sudo growpart /dev/nvme0n1 1") and fake.matching("sudo xfs_growfs /")


def test_ext4_grows_by_its_device(fake):
    fake.rule("findmnt", answer("ext4"), parts=["FSTYPE"])
    assert run(fake).returncode == 0
    assert fake.matching("sudo resize2fs /dev/nvme0n1p1")


def test_partition_already_grown_is_not_a_failure(fake):
    fake.rule("sudo growpart", answer(status=1))
    assert run(fake).returncode == 0


def test_partition_that_cannot_grow_is_69(fake):
    fake.rule("sudo growpart", answer(status=2))
    done = run(fake)
    assert done.returncode == 69 and "installing" not in done.stdout


def test_large_volume_with_a_small_partition_is_not_modified(fake):
    fake.rule("aws ec2 describe-volumes ", answer("vol-1\t100"))
    assert run(fake).returncode == 0
    assert not fake.matching("modify-volume") and fake.matching("growpart")


def test_room_enough_changes_nothing(fake):
    fake.rule("df", answer("Avail\n  30G"))
    done = run(fake)
    assert done.stdout.startswith("installing") and [call.split()[0] for call in fake.calls] == ["df"]


def test_elsewhere_than_ec2_is_69(fake):
    fake.rule("curl", answer(status=7), parts=["PUT"])
    done = run(fake)
    assert done.returncode == 69 and "not an EC2 instance" in done.stderr
