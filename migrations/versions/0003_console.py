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


_WITH_A_BIN = ('sites_photos', 'sites_technologies', 'sites_indicators')


def _add_site_tables() -> None:
    op.create_table('visits_slot_changes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('act', sa.Enum('capacity', 'close', 'reopen', 'close_days', name='slotact', native_enum=False, length=32), nullable=False),
    sa.Column('treatment', sa.Enum('keep', 'move', 'cancel', name='treatment', native_enum=False, length=32), nullable=False),
    sa.Column('closure_id', sa.Uuid(), nullable=True),
    sa.Column('public_text', sa.String(length=200), nullable=True),
    sa.Column('slots', sa.JSON(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.String(length=80), nullable=False),
    sa.Column('undo_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.String(length=80), nullable=True),
    sa.ForeignKeyConstraint(['closure_id'], ['sites_closures.id'], name=op.f('fk_visits_slot_changes_closure_id')),
    sa.ForeignKeyConstraint(['site_id'], ['sites_sites.id'], name=op.f('fk_visits_slot_changes_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_slot_changes'))
    )
    with op.batch_alter_table('visits_slot_changes', schema=None) as batch_op:
        batch_op.create_index('ix_visits_slot_changes_site', ['site_id', 'made_at'], unique=False)

    op.create_table('visits_changed_bookings',
    sa.Column('change_id', sa.Uuid(), nullable=False),
    sa.Column('booking_id', sa.Uuid(), nullable=False),
    sa.Column('effect', sa.Enum('keep', 'move', 'cancel', name='treatment', native_enum=False, length=32), nullable=False),
    sa.Column('slot_before', sa.Uuid(), nullable=False),
    sa.Column('slot_after', sa.Uuid(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.Enum('restored', 'changed', 'begun', 'full', 'other_visit', 'erased', name='outcome', native_enum=False, length=32), nullable=True),
    sa.ForeignKeyConstraint(['booking_id'], ['visits_bookings.id'], name=op.f('fk_visits_changed_bookings_booking_id')),
    sa.ForeignKeyConstraint(['change_id'], ['visits_slot_changes.id'], name=op.f('fk_visits_changed_bookings_change_id')),
    sa.ForeignKeyConstraint(['slot_after'], ['visits_slots.id'], name=op.f('fk_visits_changed_bookings_slot_after')),
    sa.ForeignKeyConstraint(['slot_before'], ['visits_slots.id'], name=op.f('fk_visits_changed_bookings_slot_before')),
    sa.PrimaryKeyConstraint('change_id', 'booking_id', name=op.f('pk_visits_changed_bookings'))
    )
    with op.batch_alter_table('visits_changed_bookings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visits_changed_bookings_booking_id'), ['booking_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_visits_changed_bookings_slot_before'), ['slot_before'], unique=False)
        batch_op.create_index(batch_op.f('ix_visits_changed_bookings_slot_after'), ['slot_after'], unique=False)

    with op.batch_alter_table('visits_visitors', schema=None) as batch_op:
        batch_op.add_column(sa.Column('released_at', sa.DateTime(timezone=True), nullable=True))

    # A visit may be cancelled, take place after all, and be cancelled again: each is told once.
    with op.batch_alter_table('messaging_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('occasion', sa.Integer(), server_default='0', nullable=False))
        batch_op.drop_constraint(batch_op.f('uq_messaging_messages_member_id_kind_subject_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_messaging_messages_member_id_kind_subject_id_occasion'), ['member_id', 'kind', 'subject_id', 'occasion'])
    with op.batch_alter_table('messaging_messages', schema=None) as batch_op:
        batch_op.alter_column('occasion', existing_type=sa.Integer(), existing_nullable=False, server_default=None)

    # What staff delete lies in the bin for a while.
    for table in _WITH_A_BIN:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True))


def _drop_site_tables() -> None:
    # The older schema has no bin: what lies there would be shown again.
    for table in _WITH_A_BIN:
        op.execute(f"DELETE FROM {table} WHERE retired_at IS NOT NULL")  # noqa: S608  names of our own
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column('retired_at')

    # Of what was told repeatedly the older schema can hold the latest alone.
    op.execute(
        "DELETE FROM messaging_deliveries WHERE message_id IN (SELECT m.id FROM messaging_messages m"
        " JOIN messaging_messages later ON later.member_id = m.member_id AND later.kind = m.kind"
        " AND later.subject_id = m.subject_id AND later.occasion > m.occasion)"
    )
    op.execute(
        "DELETE FROM messaging_messages WHERE EXISTS (SELECT 1 FROM messaging_messages later"
        " WHERE later.member_id = messaging_messages.member_id AND later.kind = messaging_messages.kind"
        " AND later.subject_id = messaging_messages.subject_id"
        " AND later.occasion > messaging_messages.occasion)"
    )
    with op.batch_alter_table('messaging_messages', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_messaging_messages_member_id_kind_subject_id_occasion'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_messaging_messages_member_id_kind_subject_id'), ['member_id', 'kind', 'subject_id'])
        batch_op.drop_column('occasion')

    with op.batch_alter_table('visits_visitors', schema=None) as batch_op:
        batch_op.drop_column('released_at')

    with op.batch_alter_table('visits_changed_bookings', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visits_changed_bookings_slot_after'))
        batch_op.drop_index(batch_op.f('ix_visits_changed_bookings_slot_before'))
        batch_op.drop_index(batch_op.f('ix_visits_changed_bookings_booking_id'))

    op.drop_table('visits_changed_bookings')
    with op.batch_alter_table('visits_slot_changes', schema=None) as batch_op:
        batch_op.drop_index('ix_visits_slot_changes_site')

    op.drop_table('visits_slot_changes')


# Administration: invitations, settings that change at run time, requests about personal data.


def _add_administration_tables() -> None:
    _add_people_tables()
    _add_rule_tables()


def _add_people_tables() -> None:
    op.create_table(
        'identity_staff_invitations',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('staff_id', sa.Uuid(), nullable=False),
        sa.Column('purpose', sa.String(length=32), nullable=False),
        sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.Uuid(), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['staff_id'], ['identity_staff.id'], name=op.f('fk_identity_staff_invitations_staff_id')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_staff_invitations')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_identity_staff_invitations_token_hash')),
    )
    with op.batch_alter_table('identity_staff_invitations', schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f('ix_identity_staff_invitations_staff_id'), ['staff_id'], unique=False
        )
        batch_op.create_index(
            'uq_identity_staff_invitations_living',
            ['staff_id'],
            unique=True,
            sqlite_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'),
            postgresql_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'),
        )
    op.create_table(
        'identity_data_requests',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('number', sa.String(length=24), nullable=False),
        sa.Column('kind', sa.String(length=32), nullable=False),
        sa.Column('channel', sa.String(length=32), nullable=False),
        sa.Column('received_on', sa.Date(), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('file_number', sa.String(length=60), nullable=True),
        sa.Column('state', sa.String(length=32), nullable=False),
        sa.Column('outcome', sa.String(length=500), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('decided_by', sa.Uuid(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_data_requests')),
        sa.UniqueConstraint('number', name=op.f('uq_identity_data_requests_number')),
    )
    with op.batch_alter_table('identity_data_requests', schema=None) as batch_op:
        batch_op.create_index('ix_identity_data_requests_due', ['state', 'due_on', 'id'], unique=False)


def _add_rule_tables() -> None:
    op.create_table(
        'kernel_setting_changes',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.Column('value', sa.Integer(), nullable=False),
        sa.Column('effective_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('changed_by', sa.String(length=64), nullable=False),
        sa.Column('reason', sa.String(length=200), nullable=False),
        sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('withdrawn_by', sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_kernel_setting_changes')),
    )
    with op.batch_alter_table('kernel_setting_changes', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_setting_changes_name', ['name', 'effective_at', 'id'], unique=False)
    op.create_table(
        'visits_default_policies',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('effective_on', sa.Date(), nullable=False),
        sa.Column('numbers', sa.JSON(), nullable=False),
        sa.Column('reason', sa.String(length=200), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_visits_default_policies')),
        sa.UniqueConstraint('version', name=op.f('uq_visits_default_policies_version')),
    )
    with op.batch_alter_table('visits_policies', schema=None) as batch_op:
        batch_op.add_column(sa.Column('default_version', sa.Integer(), nullable=True))
    # A first version that nobody stated holds the built-in numbers; without a mark it would be the site's own.
    op.execute("UPDATE visits_policies SET default_version = 0 WHERE version = 1 AND created_by IS NULL")
    with op.batch_alter_table('registry_differences', schema=None) as batch_op:
        batch_op.add_column(sa.Column('decision', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('decided_by', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('decision_reason', sa.String(length=200), nullable=True))


def _drop_administration_tables() -> None:
    for column in ('decision_reason', 'decided_at', 'decided_by', 'decision'):
        op.drop_column('registry_differences', column)
    # Not in a batch, which would make the table anew under the slots that point to it.
    op.drop_column('visits_policies', 'default_version')
    op.drop_table('visits_default_policies')
    op.drop_table('kernel_setting_changes')
    op.drop_table('identity_data_requests')
    op.drop_table('identity_staff_invitations')


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
