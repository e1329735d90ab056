// Which history of the WAL a server is on, and which cluster it belongs to by birth.
#pragma once

#include <cstdint>

namespace pgrepl::pg {

// Grows by one or more at each promotion (manual, "Timelines").
enum class TimelineId : std::uint32_t {};

// Set by initdb, shared by every physical copy (pg_control_system()).
enum class SystemIdentifier : std::uint64_t {};

}  // namespace pgrepl::pg
