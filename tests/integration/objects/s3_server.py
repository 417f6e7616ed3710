"""A real S3 server of a package (moto), which checks signatures and rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import boto3
import httpx

from tests.ports import free_port

BUCKET = "tongtang"
SETUP_CALLS = 4  # that moto takes without a signature: those below, before there is a key to sign with


class Endpoint(NamedTuple):
    url: str
    key: str
    secret: str


@contextmanager
def s3_server() -> Iterator[Endpoint]:
    """Run the server with a bucket and somebody who may use it, and nobody else."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    python = os.environ.get("TONGTANG_TEST_MOTO", sys.executable)
    process = subprocess.Popen(
        [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": str(SETUP_CALLS)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(url, process)
        yield _set_up(url)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{url}/moto-api/", timeout=2)
            return
        except httpx.HTTPError:
            assert process.poll() is None, "moto did not start"
            time.sleep(0.1)
    raise AssertionError("moto did not answer")


def _set_up(url: str) -> Endpoint:
    anybody: dict[str, Any] = {
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": "anybody",
        "aws_secret_access_key": "nothing",
    }
    iam, s3 = boto3.client("iam", **anybody), boto3.client("s3", **anybody)
    s3.create_bucket(Bucket=BUCKET)
    iam.create_user(UserName="tongtang")
    rights = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{BUCKET}*"]}],
    }
    iam.put_user_policy(UserName="tongtang", PolicyName="own", PolicyDocument=json.dumps(rights))
    made = iam.create_access_key(UserName="tongtang")["AccessKey"]
    return Endpoint(url, made["AccessKeyId"], made["SecretAccessKey"])
