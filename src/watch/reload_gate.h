// How many times the configuration is read for how many requests. A pure machine.
//
// A read serves all who asked before it began; those who ask while it runs may mean a later state
// of the files, and share one more read after it. So a thousand requests at once cost two reads.
#pragma once

namespace pgrepl::watch {

class ReloadGate {
 public:
  // Somebody asks. True when a read is to begin now.
  [[nodiscard]] bool request() {
    if (reading_) {
      again_ = true;
      return false;
    }
    reading_ = true;
    return true;
  }

  // The read under way has ended. True when another is to begin now.
  [[nodiscard]] bool read_ended() {
    reading_ = again_;
    again_ = false;
    return reading_;
  }

  [[nodiscard]] bool is_reading() const { return reading_; }

 private:
  bool reading_ = false;
  bool again_ = false;
};

}  // namespace pgrepl::watch
