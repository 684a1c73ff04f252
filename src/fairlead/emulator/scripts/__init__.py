"""Scripts: what the emulated model does in a conversation, turn by turn.

A script waits for a prompt (its trigger) and then has the model call tools and answer. It keeps no
state. Each request of an agent holds the whole conversation, so how far it has got is counted
there: the calls that stand behind the trigger, against the calls of the script's turns. Calls and
not turns are counted because a client, or a gateway in between, may put parallel calls into one
turn or into several, and because a client that forbids parallel calls gets them one after another.
So any number of conversations go on at once, in any dialect, and one may be sent again.

What is none of the script's business is answered plainly: a request without the trigger, one that
offers no tools while the script wants to call some (agents ask for titles and summaries), and a
conversation that goes on behind the script's last answer.
"""

from fairlead.emulator.scripts.book import ScriptBook
from fairlead.emulator.scripts.failure import ScriptFailed
from fairlead.emulator.scripts.played import Played, Run
from fairlead.emulator.scripts.reading import BadScript, read_scripts, scripts_from_file
from fairlead.emulator.scripts.script import Alternative, Check, Script, Turn

__all__ = [
    "Alternative",
    "BadScript",
    "Check",
    "Played",
    "Run",
    "Script",
    "ScriptBook",
    "ScriptFailed",
    "Turn",
    "read_scripts",
    "scripts_from_file",
]
