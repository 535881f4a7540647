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
    op.create_table(
        'visits_offline_scans',
        sa.Column('scan_id', sa.Uuid(), nullable=False),
        sa.Column('booking_id', sa.Uuid(), nullable=False),
        sa.Column('heads', sa.Integer(), nullable=True),
        sa.CheckConstraint('heads >= 0', name=op.f('ck_visits_offline_scans_heads')),
        sa.ForeignKeyConstraint(
            ['booking_id'], ['visits_bookings.id'], name=op.f('fk_visits_offline_scans_booking_id')
        ),
        sa.ForeignKeyConstraint(
            ['scan_id'], ['visits_scans.id'], name=op.f('fk_visits_offline_scans_scan_id')
        ),
        sa.PrimaryKeyConstraint('scan_id', name=op.f('pk_visits_offline_scans')),
    )
    op.create_index(op.f('ix_visits_offline_scans_booking_id'), 'visits_offline_scans', ['booking_id'])
    op.create_table(
        'visits_conflicts',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('scan_id', sa.Uuid(), nullable=False),
        sa.Column('site_id', sa.Uuid(), nullable=False),
        sa.Column('booking_id', sa.Uuid(), nullable=False),
        sa.Column('heads', sa.Integer(), nullable=False),
        sa.Column(
            'state',
            sa.Enum('open', 'closed', 'dissolved', name='conflictstate', native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('closed_by', sa.String(length=64), nullable=True),
        sa.Column('note', sa.String(length=200), nullable=True),
        sa.CheckConstraint('heads > 0', name=op.f('ck_visits_conflicts_heads')),
        sa.ForeignKeyConstraint(
            ['booking_id'], ['visits_bookings.id'], name=op.f('fk_visits_conflicts_booking_id')
        ),
        sa.ForeignKeyConstraint(['scan_id'], ['visits_scans.id'], name=op.f('fk_visits_conflicts_scan_id')),
        sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_conflicts_site_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_conflicts')),
        sa.UniqueConstraint('scan_id', name=op.f('uq_visits_conflicts_scan_id')),
    )
    op.create_index(op.f('ix_visits_conflicts_booking_id'), 'visits_conflicts', ['booking_id'])
    op.create_index('ix_visits_conflicts_site_opened', 'visits_conflicts', ['site_id', 'opened_at'])


def _drop_gate_tables() -> None:
    op.drop_table('visits_conflicts')
    op.drop_table('visits_offline_scans')


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
