from __future__ import annotations
import pytest
from typing import Any
from sqlalchemy import text
from tests.factories import make_contact
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
