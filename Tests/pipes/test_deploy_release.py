"""What install.sh builds, tests, puts live and cleans up, and what it leaves running when a test fails."""

import json
import os
import subprocess

import pytest

from support.fake_account import DIGEST, IMAGE, OLD_DIGEST, OLD_IMAGE, deploys, empty_account, fake, installed, model
from support.fake_commands import answer
from support.tools import ROOT


def tag(fake):
    """The tag that the last image was pushed with, and the part of it that stands for what is in the image."""
    pushed = fake.matching("docker push")[-1].rsplit(":", 1)[1]
    return pushed, pushed.split("-")[0]


def digest_of(folder, model, *options, change=lambda: None):
    """What install.sh takes the image's parts for."""
    change()
    folder.mkdir()
    fake = empty_account(folder)
    assert fake.run("install.sh", "--model", str(model), *options).returncode == 0
    return tag(fake)[1]


def entry(location):
    """A pair of strings of ONNX's external data, as a protobuf message."""
    return b"\n\x08location\x12" + bytes([len(location)]) + location


def test_the_digest_is_of_every_part(tmp_path, model):
    (tmp_path / "weights.bin").write_bytes(b"weights")
    model.write_bytes(b"head" + entry(b"weights.bin") + b"tail")
    first = digest_of(tmp_path / "1", model)
    assert first == digest_of(tmp_path / "2", model)
    changes = [
        (["--architecture", "ARM64"], lambda: None),
        ([], lambda: (tmp_path / "weights.bin").write_bytes(b"other weights")),
        ([], lambda: model.with_suffix(".json").write_text("{}")),
        ([], lambda: model.write_bytes(b"HEAD" + entry(b"weights.bin")))]
    seen = {first}
    for number, (options, change) in enumerate(changes):
        seen.add(digest_of(tmp_path / f"c{number}", model, *options, change=change))
    labels = tmp_path / "labels.txt"
    labels.write_text("one\ntwo\n")
    seen.add(digest_of(tmp_path / "l", model, "--labels", str(labels)))
    assert len(seen) == 6


def context(tmp_path, model):
    return subprocess.run([ROOT / "deploy" / "image-context.sh", tmp_path / "context", model], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("location", [b"model.data", b"own.onnx.data", b"weights/part-1.bin", b"a" * 127, "größe.bin".encode()])
def test_files_with_weights_go_into_the_image(tmp_path, model, location):
    path = tmp_path / os.fsdecode(location)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"weights")
    # A pair stands at every tensor; the word alone, in other places too.
    model.write_bytes(b"location\n\x08location" + entry(location) * 3 + b"\x00location" + b"\xff" * 9)
    done = context(tmp_path, model)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "context" / "model" / os.fsdecode(location)).read_bytes() == b"weights"


@pytest.mark.parametrize("location, reason", [(b"gone.bin", "not next to it"), (b"../up.bin", "not below"), (b"/etc/hostname", "not below")])
def test_weights_that_cannot_be_taken_are_65(tmp_path, model, location, reason):
    (tmp_path.parent / "up.bin").write_bytes(b"x")
    model.write_bytes(entry(location))
    done = context(tmp_path, model)
    assert done.returncode == 65 and reason in done.stderr and location.decode() in done.stderr


def test_weights_that_are_missing_change_nothing(fake, model):
    model.write_bytes(entry(b"gone.bin"))
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 69 and "gone.bin" in done.stderr and "nothing was changed" in done.stderr
    assert fake.changes == []


def test_image_of_the_same_parts_is_not_built_again(installed, model):
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stderr and not installed.matching("docker")
    assert all(f"ImageUri={OLD_IMAGE}" in deploy for deploy in deploys(installed))


def test_model_of_the_last_run_is_used_again(installed, model):
    installed.rule("aws cloudformation describe-stacks", answer(str(model)), parts=["=='Model'"])
    installed.rule("aws ecr describe-images", answer("None"), parts=["starts_with"])
    done = installed.run("install.sh")
    assert done.returncode == 0, done.stderr
    assert installed.matching("docker push") and all(f"Model={model} " in deploy + " " for deploy in deploys(installed))


def test_model_that_is_not_here_keeps_the_image(installed, tmp_path):
    installed.rule("aws cloudformation describe-stacks", answer(f"{tmp_path}/gone.onnx"), parts=["=='Model'"])
    done = installed.run("install.sh", "--max-vcpus", "32")
    assert done.returncode == 0, done.stderr
    assert "gone.onnx is not on this machine" in done.stderr and not installed.matching("docker")
    other = installed.run("install.sh", "--architecture", "ARM64")
    assert other.returncode == 69 and "built again for ARM64" in other.stderr


def test_build_builds_though_nothing_has_changed(installed, model):
    assert installed.run("install.sh", "--model", str(model), "--build").returncode == 0
    assert installed.matching("docker push")


def test_image_that_fails_its_test_is_not_pushed(installed, model):
    installed.rule("aws ecr describe-images", answer("None"), parts=["starts_with"])
    installed.rule("docker run", answer(status=69, stderr="smoke-test: predict did not classify the photograph\n"))
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 69
    assert "smoke-test: predict did not" in done.stderr and "it was not pushed" in done.stderr
    assert not installed.matching("docker push") and not deploys(installed)


def test_image_for_another_machine_is_tested_where_it_is_deployed(installed, model):
    installed.rule("aws ecr describe-images", answer("None"), parts=["starts_with"])
    installed.rule("docker run", answer(status=255, stderr="exec format error"))
    installed.add("uname")
    installed.rule("uname", answer("aarch64"))
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 0, done.stderr
    assert "cannot run here and was not tested" in done.stderr and installed.matching("lambda invoke")


def broken(fake, text):
    fake.environment["LAMBDA_ANSWER"] = text


@pytest.mark.parametrize("text", [
    '{"errorType":"Runtime.ExitError","errorMessage":"exit status 78"}', '{"statusCode":503,"body":"{}"}', "",
    '{"statusCode":200,"body":"{\\"status\\":\\"ok\\"}"}'])
def test_version_that_does_not_answer_never_goes_live(installed, model, text):
    """The last one answers /health and classifies nothing."""
    installed.rule("aws ecr describe-images", answer("None"), parts=["starts_with"])
    broken(installed, text)
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 69
    new, back = deploys(installed)
    assert f"ImageUri={IMAGE}" in new and "LiveVersion" not in new and f"Model={model}" in new
    # Batch goes back to the image before, and the next run does not take the broken one's model for the current one's.
    assert f"ImageUri={OLD_IMAGE}" in back and "LiveVersion=7" in back and f"Model={model}" not in back
    assert "the API is still on version 7" in done.stderr.splitlines()[-1]
    assert not installed.matching("update-alias") and not installed.matching("batch-delete-image")


def test_function_that_fails_is_a_failure_whatever_it_answers(installed, model):
    installed.rule("aws lambda invoke", answer("Unhandled"))
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 69 and "version 8" in done.stderr


def test_first_version_that_does_not_answer_is_said(fake, model):
    broken(fake, "{}")
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 69 and "no earlier image to go back to" in done.stderr.splitlines()[-1]


def test_api_that_does_not_answer_puts_the_old_version_back(installed, model):
    installed.rule("curl", answer("503"))
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 69 and "https://api.example/health: status 503" in done.stderr
    assert "LiveVersion=7" in deploys(installed)[-1]


@pytest.mark.parametrize("auth", ["iam", "jwt"])
def test_api_that_asks_who_calls_is_not_called(installed, model, auth):
    installed.rule("aws cloudformation describe-stacks", answer(auth), parts=["=='Auth'"])
    assert installed.run("install.sh", "--model", str(model)).returncode == 0
    assert not installed.matching("curl") and installed.matching("lambda invoke", "--qualifier 8")


def test_inactive_function_is_woken_and_waited_for(installed, model):
    installed.rule("aws lambda get-function-configuration", answer("Inactive\tSuccessful"), answer("Pending\tInProgress"),
                   answer("Active\tSuccessful"), parts=["S-predict"])
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 0, done.stderr
    assert "function S-predict is inactive; waking it" in done.stderr
    assert "--qualifier $LATEST" in installed.matching("lambda invoke")[0]


def test_function_that_failed_to_update_ends_it(installed, model):
    installed.rule("aws lambda get-function-configuration", answer("Active\tFailed"))
    assert installed.run("install.sh", "--model", str(model)).returncode == 69


def test_what_nothing_needs_any_more_is_removed(installed, model):
    installed.rule("aws ecr describe-images", answer("None"), parts=["starts_with"])
    installed.rule("aws lambda list-versions-by-function", answer("$LATEST\t5\t6\t7\t8"))
    installed.rule("aws batch describe-job-definitions", answer("arn:definition:5\tarn:definition:6\tarn:definition:7"))
    installed.rule("aws batch deregister-job-definition")
    spare = "sha256:" + "ee" * 32
    installed.rule("aws ecr list-images", answer(f"{spare}\t{DIGEST}\t{OLD_DIGEST}"))
    installed.rule("aws ecr batch-delete-image")
    assert installed.run("install.sh", "--model", str(model)).returncode == 0
    assert [call.split()[-1] for call in installed.matching("delete-function")] == ["5", "6"]
    assert [call.split()[-1] for call in installed.matching("deregister-job-definition")] == ["arn:definition:5", "arn:definition:6"]
    assert [call.split()[-1] for call in installed.matching("batch-delete-image")] == [f"imageDigest={spare}"]


@pytest.mark.parametrize("state", ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"])
def test_no_image_is_deleted_while_a_job_may_need_it(installed, model, state):
    installed.rule("aws batch list-jobs", answer("job-1"), parts=[state])
    installed.rule("aws ecr list-images", answer("sha256:" + "ee" * 32))
    done = installed.run("install.sh", "--model", str(model))
    assert done.returncode == 0 and "jobs are under way" in done.stderr
    assert not installed.matching("batch-delete-image") and not installed.matching("deregister")


def test_the_event_is_one_that_the_function_takes(tmp_path):
    """The real event, with the photograph of deploy/, in API Gateway's form."""
    made = subprocess.run(
        [ROOT / "deploy" / "http-event.sh", "/predict", ROOT / "deploy" / "photo.jpg"], capture_output=True, check=True).stdout
    event = json.loads(made)
    assert event["version"] == "2.0" and event["requestContext"]["http"]["method"] == "POST" and event["isBase64Encoded"]
    assert event["requestContext"]["stage"] == "$default"
    health = json.loads(subprocess.run([ROOT / "deploy" / "http-event.sh", "/health"], capture_output=True, check=True).stdout)
    assert health["requestContext"]["http"]["method"] == "GET" and health["body"] == ""
