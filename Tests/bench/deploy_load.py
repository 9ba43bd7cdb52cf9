"""Runs deploy/loadtest.sh against two functions behind the same gateway and emulator; called by deploy.sh.

Both have the embedded model, two copies each: ours is lambda-bootstrap with the warm pipeline, the other awslambdaric with
Pillow and onnxruntime, one thread a copy, its session made at import.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "cloud"))

from function import Function  # noqa: E402
from gateway import Gateway  # noqa: E402
from processes import Processes  # noqa: E402

MODEL = ROOT / "deploy" / "model" / "cifar10-resnet20.onnx"
HANDLER = '''
import base64, io, json, os
import numpy as np, onnxruntime
from PIL import Image

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["CLASSIFY_MODEL"], options, providers=["CPUExecutionProvider"])
facts = session.get_modelmeta().custom_metadata_map
labels = json.loads(facts["labels"])
mean, std = (np.array(json.loads(facts[name]), np.float32) for name in ("input.mean", "input.std"))
scale = float(facts["input.scale"])

def predict(event, context):
    image = Image.open(io.BytesIO(base64.b64decode(event["body"]))).convert("RGB")
    width, height = image.size
    factor = 256 / min(width, height)
    image = image.resize((int(width * factor), int(height * factor)), Image.BILINEAR)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    tensor = ((pixels * scale - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
    logits = session.run(None, {session.get_inputs()[0].name: tensor})[0][0]
    odds = np.exp(logits - logits.max())
    odds /= odds.sum()
    best = odds.argsort()[::-1][:5]
    body = {"predictions": [{"index": int(i), "label": labels[i], "probability": float(odds[i])} for i in best]}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
'''


def measure(name, function, photo, seconds):
    gateway = Gateway(0, function)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    print(name, flush=True)
    subprocess.run(
        [ROOT / "deploy" / "loadtest.sh", f"http://127.0.0.1:{gateway.server_address[1]}", photo, seconds], check=True)
    gateway.shutdown()


def main(photo, seconds="10"):
    path = f"{ROOT}/deploy:{os.environ['BIN']}:{os.environ['PATH']}"
    # One thread a copy, as a Lambda of one vCPU has.
    env = {"PATH": path, "CLASSIFY_MODEL": str(MODEL), "PAGE": f"{ROOT}/deploy/page.html", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769"}
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        ours = Function(processes, folder, "ours", [ROOT / "deploy" / "image-entrypoint.sh", "predict"], copies=2, env=env)
        measure("lambda-bootstrap, imgdecode | classify", ours, photo, seconds)
        (pathlib.Path(folder) / "handler.py").write_text(HANDLER)
        theirs = Function(
            processes, folder, "theirs", ["env", f"PYTHONPATH={folder}", sys.executable, "-m", "awslambdaric", "handler.predict"],
            copies=2, env=env)
        measure("awslambdaric, Pillow and onnxruntime", theirs, photo, seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
