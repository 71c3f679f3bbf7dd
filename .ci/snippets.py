"""Run the Python blocks of Markdown files, so that what they show stays true.

Usage: snippets.py FILE...    All blocks of one file share their names.
"""

import re
import sys
from pathlib import Path

for file in sys.argv[1:]:
    text = Path(file).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.M | re.S)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, file, "exec"), names)
    print(f"{file}: {len(blocks)} blocks ran")
