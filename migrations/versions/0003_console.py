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


# Reports: what the desk finds a booking by.


def _add_report_tables() -> None:
    with op.batch_alter_table('visits_bookings', schema=None) as batch_op:
        batch_op.add_column(sa.Column('contact_tail_index', sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column('contact_name_index', sa.LargeBinary(length=32), nullable=True))
    op.create_index('ix_visits_bookings_tail', 'visits_bookings', ['site_id', 'contact_tail_index'])
    op.create_index('ix_visits_bookings_name', 'visits_bookings', ['site_id', 'contact_name_index'])


def _drop_report_tables() -> None:
    op.drop_index('ix_visits_bookings_name', table_name='visits_bookings')
    op.drop_index('ix_visits_bookings_tail', table_name='visits_bookings')
    op.drop_column('visits_bookings', 'contact_name_index')
    op.drop_column('visits_bookings', 'contact_tail_index')
