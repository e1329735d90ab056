// What is under way, told by objects that live as long as it is: also when it throws.
#pragma once

#include <cstddef>

namespace pgrepl::loop {

// The flag is true for as long as this lives.
class Mark {
 public:
  explicit Mark(bool& flag) : flag_(flag) { flag_ = true; }

  ~Mark() { flag_ = false; }

  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

 private:
  bool& flag_;
};

// The number is one higher for as long as this lives.
class Counted {
 public:
  explicit Counted(std::size_t& number) : number_(number) { number_ += 1; }

  ~Counted() { number_ -= 1; }

  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& number_;
};

}  // namespace pgrepl::loop
