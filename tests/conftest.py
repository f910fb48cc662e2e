import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # stream_helpers, toy_model, engine_in_process
