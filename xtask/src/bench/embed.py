"""The other side of `cargo xtask bench embed`: the same graph and texts with ONNX Runtime and tokenizers from PyPI.

Texts run in batches of 32 of like length, which is the best order that there is for them. After loading, a line on standard
output says that it is ready; every line on standard input asks for one round, whose seconds another line tells.
"""

import json
import sys
import time

import numpy
import onnxruntime
from tokenizers import Tokenizer

BATCH = 32
TOKENS_MAX = 256


def main(texts_path, graph, tokenizer_path):
    with open(texts_path, encoding="utf-8") as file:
        texts = json.load(file)
    tokenizer = Tokenizer.from_file(tokenizer_path)
    tokenizer.enable_truncation(TOKENS_MAX)
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    embed(session, tokenizer, texts)
    say({"ready": onnxruntime.__version__})
    for _ in sys.stdin:
        begun = time.perf_counter()
        embed(session, tokenizer, texts)
        say({"seconds": time.perf_counter() - begun})


def embed(session, tokenizer, texts):
    sentences = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place]))
    vectors = numpy.zeros((len(sentences), 384), dtype=numpy.float32)
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        length = max(len(sentences[place]) for place in places)
        ids = numpy.zeros((len(places), length), dtype=numpy.int64)
        mask = numpy.zeros((len(places), length), dtype=numpy.int64)
        for row, place in enumerate(places):
            ids[row, : len(sentences[place])] = sentences[place]
            mask[row, : len(sentences[place])] = 1
        vectors[places] = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    return vectors


def say(value):
    print(json.dumps(value), flush=True)


main(*sys.argv[1:])
