"""Visits: slots, bookings, holds, tickets, the gate, and what follows from not coming.

Beside the usual files it has `tickets` (the signed code), because gates and members both need it; `personal`,
the one place that knows how visitors' data is sealed; `calendar` for iCalendar files; and `availability`,
which answers the ports that sites declares.
"""
