"""The speech engine by its own binding: one recording, loaded and transcribed once. Prints one JSON object."""

import array
import json
import sys
import time
import wave

from moonshine_voice.moonshine_api import ModelArch
from moonshine_voice.transcriber import Transcriber
from moonshine_voice.utils import get_model_path

audio, identify_speakers = sys.argv[1:]
with wave.open(audio) as recording:
    samples = [sample / 32768 for sample in array.array("h", recording.readframes(recording.getnframes()))]
begun = time.monotonic()
transcriber = Transcriber(get_model_path("tiny-en"), ModelArch.TINY, options={"identify_speakers": identify_speakers})
transcript = transcriber.transcribe_without_streaming(samples, 16000)
seconds = time.monotonic() - begun
text = " ".join(line.text.strip() for line in transcript.lines)
print(json.dumps({"seconds": seconds, "text": text}))
