#include "simulation/exporter.h"

#include <algorithm>
#include <utility>

#include <asio/co_spawn.hpp>

namespace pgrepl::simulation {

namespace {

void rethrow(const std::exception_ptr& problem) {
  if (problem) {
    std::rethrow_exception(problem);
  }
}

}  // namespace

Exporter::Exporter(loop::Loop loop, Exchange& exchange, ExporterId id, Setup setup)
    : loop_(loop),
      network_(loop, exchange, id),
      http_(loop, exchange, id),
      started_(loop.now()),
      configured_(loop.now()),
      last_round_(loop.now()),
      watch_(fetch::Outside{loop, network_, http_}, std::move(setup), watch::Host{}) {
  watch_.start();
}

bool Exporter::has_ended() const {
  return watch_.has_ended() && asking_ == 0;
}

void Exporter::reload(Setup setup) {
  configured_ = loop_.now();
  watch_.apply(std::move(setup));
}

asio::awaitable<void> Exporter::ask(milliseconds patience, std::size_t number) {
  metrics::Selection all;
  const auto snapshot = co_await watch_.scrape(patience, std::move(all));
  scrapes_[number].answered = loop_.now();
  if (snapshot != nullptr) {
    scrapes_[number].bytes = snapshot->page.size();
  }
}

std::optional<Instant> Exporter::oldest_due(milliseconds timeout) const {
  std::optional<Instant> oldest;
  for (std::size_t i = first_open_; i < scrapes_.size(); ++i) {
    if (!scrapes_[i].answered) {
      const Instant due = std::min(scrapes_[i].patience, scrapes_[i].asked + 2 * timeout);
      oldest = std::min(oldest.value_or(due), due);
    } else if (i == first_open_) {
      ++first_open_;
    }
  }
  return oldest;
}

asio::awaitable<void> Exporter::ask_probe(
    http::ProbeRequest request, milliseconds patience, std::size_t number
) {
  const auto answer = co_await watch_.probe(std::move(request), patience);
  scrapes_[number].answered = loop_.now();
  scrapes_[number].bytes = answer.text.size();
}

void Exporter::probe(const std::string& target, milliseconds patience) {
  http::ProbeRequest request{.target = target, .cluster = {}, .auth_module = {}};
  run(ask_probe(std::move(request), patience, begin(patience)));
}

std::size_t Exporter::begin(milliseconds patience) {
  scrapes_.push_back({.asked = loop_.now(), .patience = loop_.now() + patience});
  ++asking_;
  return scrapes_.size() - 1;
}

void Exporter::run(asio::awaitable<void> task) {
  asio::co_spawn(loop_.io, std::move(task), [this](const std::exception_ptr& problem) {
    --asking_;
    rethrow(problem);
  });
}

void Exporter::scrape(milliseconds patience) {
  last_round_ = loop_.now();
  run(ask(patience, begin(patience)));
}

std::vector<cluster::LoggedEvent> Exporter::events_after(std::size_t told) const {
  const auto all = watch_.events();
  if (all == nullptr || told >= all->events().size()) {
    return {};
  }
  const auto& events = all->events();
  return {events.begin() + static_cast<std::ptrdiff_t>(told), events.end()};
}

}  // namespace pgrepl::simulation
