// What an observation keeps of each server's answer, and the events that this makes.
#pragma once

#include "cluster/event.h"
#include "cluster/memory.h"
#include "cluster/topology.h"

#include <span>
#include <vector>

namespace pgrepl::cluster {

// An answer older than the one remembered changes nothing.
void remember_reading(const ServerSample& sample, ServerMemory& known);

// Its sender may have heard of it since it answered us. Should both fall silent at once, the newer
// of the two views is the one to keep.
void remember_sender_view(
    std::span<const ServerSample> samples, const SenderMatch& match, ServerMemory& known
);

void remember_silence(bool anything_said, ServerMemory& known, Instant now);

void remember_availability(
    const ServerSample& sample, ServerMemory& known, std::vector<Event>& events
);

void remember_standby(
    const std::string& name, const Standby& standby, ServerMemory& known, std::vector<Event>& events
);

}  // namespace pgrepl::cluster
