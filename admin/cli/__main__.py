"""``python -m admin.cli``: the command ``loa`` where no script was installed."""

import sys

from admin.cli import main

sys.exit(main())
