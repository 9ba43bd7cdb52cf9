"""AWS Batch's part: runs the children of submitted jobs as local processes, with the variables that Batch gives."""

import concurrent.futures
import os
import re
import subprocess

# The stack's retry strategy: 75 is "try again later"; what Batch would say of a start that failed cannot happen here.
RETRIED, ATTEMPTS = 75, 5


class BatchRunner:
    """Takes jobs from moto, which calls each SUCCEEDED at once and runs none, and runs what they say."""

    def __init__(self, batch, queue, entrypoint, log, environment, at_once=1):
        self.batch, self.queue, self.entrypoint, self.log = batch, queue, entrypoint, log
        self.environment, self.at_once = environment, at_once
        self.done = set()

    def new_jobs(self):
        """Jobs that have not been run yet, those that others depend on first."""
        listed = []
        for page in self.batch.get_paginator("list_jobs").paginate(jobQueue=self.queue, jobStatus="SUCCEEDED"):
            listed += [job["jobId"] for job in page["jobSummaryList"]]
        # moto lists an array's children too, as ID:INDEX.
        wanted = [name for name in listed if ":" not in name and name not in self.done]
        jobs = []
        for start in range(0, len(wanted), 100):
            jobs += self.batch.describe_jobs(jobs=wanted[start:start + 100])["jobs"]
        return sorted(jobs, key=lambda job: (bool(job.get("dependsOn")), job["createdAt"]))

    def step(self):
        """Runs all new jobs to their ends: a list of (job name, children, children that failed)."""
        results = []
        for job in self.new_jobs():
            self.done.add(job["jobId"])
            size = job.get("arrayProperties", {}).get("size")
            with concurrent.futures.ThreadPoolExecutor(self.at_once) as pool:
                statuses = list(pool.map(lambda index: self._child(job, index), range(size) if size else [None]))
            results.append((job["jobName"], len(statuses), sum(status != 0 for status in statuses)))
        return results

    def variables(self, job, index):
        """What a child's environment holds; `index` is None for a plain job."""
        container = job["container"]
        given = {pair["name"]: pair["value"] for pair in container.get("environment", [])}
        given["AWS_BATCH_JOB_ID"] = job["jobId"] if index is None else f"{job['jobId']}:{index}"
        given["AWS_BATCH_JQ_NAME"] = re.sub(r".*/", "", job["jobQueue"])
        if index is not None:
            given["AWS_BATCH_JOB_ARRAY_INDEX"] = str(index)
        return given

    def _child(self, job, index):
        for attempt in range(1, ATTEMPTS + 1):
            variables = {**self.variables(job, index), "AWS_BATCH_JOB_ATTEMPT": str(attempt)}
            with open(self.log, "ab") as log:
                status = subprocess.run(
                    [self.entrypoint, *job["container"]["command"]], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={"PATH": os.environ["PATH"], "TMPDIR": os.environ.get("TMPDIR", "/tmp"), **self.environment, **variables},
                    check=False).returncode
            if status != RETRIED:
                return status
        return status
