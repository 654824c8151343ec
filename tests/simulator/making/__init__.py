"""How the sample files were made: `python -m tests.simulator.making` draws, speaks and writes them again.

Needs Pillow, ffmpeg and espeak-ng; the simulator itself needs none of them, the samples are committed.
"""
