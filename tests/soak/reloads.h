// A configuration that changes under the exporter: a server comes and goes, an endpoint leads
// elsewhere, and what is wrong is refused.
#pragma once

#include "integration/fault_stage.h"

#include <cstddef>
#include <string>

namespace pgrepl::testing {

class Reloads {
 public:
  Reloads(const FaultStage& stage, const Exporter& exporter) : stage_(stage), exporter_(exporter) {}

  // The next change, by SIGHUP and by POST in turn; returns when the exporter has taken or refused
  // it. False when it did neither, or the wrong one.
  [[nodiscard]] bool next();

  // The configuration of the beginning. False when it was refused.
  [[nodiscard]] bool settle() const;

  [[nodiscard]] std::size_t taken() const { return taken_; }

  [[nodiscard]] std::size_t refused() const { return refused_; }

 private:
  enum class Answer { Taken, Refused, Neither };

  [[nodiscard]] std::string configuration(std::size_t variant) const;
  [[nodiscard]] Answer post() const;
  [[nodiscard]] Answer signal() const;

  const FaultStage& stage_;
  const Exporter& exporter_;
  std::size_t turn_ = 0;
  std::size_t taken_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace pgrepl::testing
