"""console"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_gate_tables()
    _add_site_tables()
    _add_administration_tables()
    _add_report_tables()


def downgrade() -> None:
    _drop_report_tables()
    _drop_administration_tables()
    _drop_site_tables()
    _drop_gate_tables()


# Gate: what was scanned without a network.


def _add_gate_tables() -> None:
    pass


def _drop_gate_tables() -> None:
    pass


# Sites: changes that can be taken back.


def _add_site_tables() -> None:
    pass


def _drop_site_tables() -> None:
    pass


# Administration: invitations, settings that change at run time, requests about personal data.


def _add_administration_tables() -> None:
    pass


def _drop_administration_tables() -> None:
    pass


# Reports: what was exported.


def _add_report_tables() -> None:
    pass


def _drop_report_tables() -> None:
    pass
