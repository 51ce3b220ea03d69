// Answers of the AdminServer that the doctor's findings and the box's verdict are part of.
#include <utility>

#include "sbc/admin/json.hpp"
#include "sbc/admin/query.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/admin/server.hpp"
#include "sbc/admin/verdict_metrics.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/doctor/central_side.hpp"
#include "sbc/doctor/folding.hpp"
#include "sbc/doctor/site.hpp"

namespace dw::admin {

/// With "measure=1" the answer takes the seconds of a measurement; otherwise it comes at once with what is known.
void AdminServer::doctor(const std::shared_ptr<net::HttpExchange>& exchange) {
  if (!sources_.measure || query_number(exchange->query(), "measure", 1) != 1U) return reply_doctor(exchange);
  sources_.measure([this, exchange, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) reply_doctor(exchange);
  });
}

/// Includes the findings of the site: what many phones show together is a fault of the box, or of something behind it.
void AdminServer::examine(std::function<void(const std::vector<doctor::Finding>&, const doctor::Verdict&)> done) {
  judging_.look();
  const auto judge = [this, done = std::move(done)](std::vector<doctor::Finding> findings) {
    const WallTime now = wall_now();
    if (sources_.verdicts) {
      sources_.verdicts->catch_up();
      for (doctor::Finding& f : doctor::site_findings(*sources_.inventory, *sources_.verdicts, now)) {
        if (f.severity != doctor::Severity::info) findings.push_back(std::move(f));
      }
    }
    doctor::fold(findings);
    const Status status = sources_.status ? sources_.status() : Status();
    done(findings, doctor::verdict_of_box({status.draining, status.configured, status.services, status.origins,
                                           status.call_servers, findings, sources_.verdicts},
                                          now));
  };
  if (!sources_.doctor) return judge({});
  sources_.doctor([judge, alive = std::weak_ptr(alive_)](std::vector<doctor::Finding> findings) {
    if (!alive.expired()) judge(std::move(findings));
  });
}

void AdminServer::reply_doctor(const std::shared_ptr<net::HttpExchange>& exchange) {
  examine([this, exchange](const std::vector<doctor::Finding>& findings, const doctor::Verdict& verdict) {
    doctor::NetworkFacts network;
    if (sources_.network) {
      const Status now = sources_.status ? sources_.status() : Status();
      network = doctor::brought_up_to_date(sources_.network(), now.call_servers, now.origins);
    }
    exchange->reply(json_reply(doctor_json(findings, wall_now(), &verdict, sources_.network ? &network : nullptr)));
  });
}

void AdminServer::status(const std::shared_ptr<net::HttpExchange>& exchange) {
  examine([this, exchange](const std::vector<doctor::Finding>&, const doctor::Verdict& verdict) {
    exchange->reply(json_reply(status_json(sources_.status(), &verdict)));
  });
}

/// "device=SEP001122334455,SEP001122334466": includes these phones.
void AdminServer::report(const std::shared_ptr<net::HttpExchange>& exchange) {
  constexpr std::size_t kMaxPhones = 16;
  std::vector<std::string> about;
  TextCursor names(query_value(exchange->query(), "device").value_or(""));
  while (!names.at_end()) {
    const phones::Phone* const phone = find_phone(*exchange, names.take_until(","));
    if (!phone) return;
    if (about.size() == kMaxPhones)
      return exchange->reply(error_reply(400, fmt::format("at most {} phones at a time", kMaxPhones)));
    about.push_back(phone->key());
    names.skip_char(',');
  }
  examine([this, exchange, about = std::move(about)](const std::vector<doctor::Finding>& findings,
                                                     const doctor::Verdict& verdict) {
    std::vector<const phones::Phone*> still_known;
    for (const std::string& key : about) {
      if (const phones::Phone* const phone = sources_.inventory->find(key)) still_known.push_back(phone);
    }
    net::HttpReply reply = reply_of(200, "text/plain; charset=utf-8", sources_.report(still_known, findings, verdict));
    reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"dropwire-report.txt\"");
    exchange->reply(std::move(reply));
  });
}

void AdminServer::metrics(const std::shared_ptr<net::HttpExchange>& exchange) {
  examine([this, exchange](const std::vector<doctor::Finding>&, const doctor::Verdict& verdict) {
    MetricsText out;
    for (const auto& append : sources_.metrics)
      append(out);
    access_.append_metrics(out);
    if (setup_) setup_->append_metrics(out);
    places_.append_tables(out, "admin");
    append_verdict(out, verdict, sources_.verdicts);
    exchange->reply(reply_of(200, "text/plain; version=0.0.4; charset=utf-8", out.text()));
  });
}

}  // namespace dw::admin
