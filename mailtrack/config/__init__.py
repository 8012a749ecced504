"""YAML to values: how the daemon runs (``Config``) and what the desk decides (``Policy``).

``load`` reads mailtrack.yaml, people.yaml, rules.yaml and sla.yaml of a folder and raises one
``ConfigError`` with every mistake of all of them: file, line, column, key, what was found, how
to mend it. Nothing is written but by ``ensure_secrets``, ``keep_press`` and ``write_example``.

The way: ``page`` (text to nodes that know their lines), ``validate`` (shape, by ``models``),
``known`` and ``compile_*`` (names and values), ``compile`` (the whole). Read ``load`` next.
"""

from mailtrack.config.example import AlreadyThere as AlreadyThere
from mailtrack.config.example import example_folder as example_folder
from mailtrack.config.example import shipped as shipped
from mailtrack.config.example import write_example as write_example
from mailtrack.config.keys import ensure_secrets as ensure_secrets
from mailtrack.config.keys import key_ring as key_ring
from mailtrack.config.keys import keys_file_of as keys_file_of
from mailtrack.config.load import Loaded as Loaded
from mailtrack.config.load import load as load
from mailtrack.config.press import keep_press as keep_press
from mailtrack.config.reload import Watched as Watched
from mailtrack.config.schema import keys_of as keys_of
from mailtrack.config.schema import manual as manual
from mailtrack.config.schema import schema as schema
from mailtrack.config.settings import Config as Config
from mailtrack.config.settings import Encryption as Encryption
from mailtrack.config.settings import Smarthost as Smarthost
from mailtrack.config.words import Listen as Listen
