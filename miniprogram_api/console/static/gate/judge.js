// What a gate says by itself: the same questions in the same order as the server, from the day's package.

// `came(ticketId)`: how many this gate has let in since the package was made.
export async function judge(bundle, code, { now, came }) {
  const found = await bundle.find(code);
  if (!found) return { result: "invalid" };
  const { ticket, record } = found;
  if (!bundle.hasSlot(ticket.slotId)) return { result: "wrong_site" };
  const seats = record?.seats ?? ticket.seats;
  const admitted = Math.min((record?.admitted ?? 0) + came(ticket.ticketId), seats);
  const party = {
    code: found.code,
    ticketId: ticket.ticketId,
    booking: record ? bookingOf(record) : strangerOf(bundle, ticket),
    admitted,
    remaining: seats - admitted,
    first_scan: record?.first_scan ?? null,
  };
  return { ...party, result: verdict(bundle, ticket, party, now) };
}

function verdict(bundle, ticket, party, now) {
  if (bundle.revoked.has(ticket.ticketId)) return "revoked";
  if (party.remaining === 0) return "already_used";
  if (now < ticket.validFrom) return "too_early";
  return now >= ticket.validUntil ? "too_late" : "ok";
}

function bookingOf(record) {
  return {
    number: record.number,
    slot: { starts_at: record.starts_at, ends_at: record.ends_at },
    party: { adults: record.adults, children: record.children },
    wheelchairs: record.wheelchairs,
    sign_language: record.sign_language,
    seats: record.seats,
    contact: { name_masked: record.name_masked, phone_masked: record.phone_masked },
  };
}

// A ticket that is genuine and younger than the package: it says how many, not who.
function strangerOf(bundle, ticket) {
  const slot = bundle.slots.find((each) => each.slot_id === ticket.slotId);
  return { number: null, slot, party: null, wheelchairs: 0, sign_language: false, seats: ticket.seats, contact: null };
}
