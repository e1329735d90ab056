// Settings that a standby must have at least as high as its primary.
#pragma once

#include "doctor/findings.h"

#include <optional>

namespace pgrepl::doctor {

// A standby pauses (PostgreSQL 14 and later) or ends (13) when it learns that its primary has one
// of these higher (manual, "Administrator's Overview" of hot standby). Absent without its primary.
[[nodiscard]] std::optional<Finding> recovery_limits(const Examined& server);

}  // namespace pgrepl::doctor
