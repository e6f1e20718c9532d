// Threads of one operation, and jobs whose results are taken in the order in which they were given. Whoever waits for a
// job does others meanwhile: the caller is one of the threads, and there is no more of them than CPUs.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace shale {

// A job may be submitted again after it was waited for: it keeps what is expensive to make.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() = 0;

 private:
  friend class Pool;
  bool done_ = false;
  std::exception_ptr error_;
};

class Pool {
 public:
  explicit Pool(unsigned width = cpus());
  // Jobs that nobody started are dropped; those that run are waited for.
  ~Pool();
  void submit(std::shared_ptr<Job> job);
  // Waits for the job and throws what it threw.
  void wait(const std::shared_ptr<Job>& job);
  // Threads that do jobs, the caller among them.
  unsigned width() const { return static_cast<unsigned>(threads_.size()) + 1; }
  // The CPUs that we may run on, not those of the machine; at most 16.
  static unsigned cpus();

 private:
  void work();
  void run_next(std::unique_lock<std::mutex>& lock);
  std::mutex mutex_;
  std::condition_variable wake_, finished_;
  std::deque<std::shared_ptr<Job>> queue_;
  std::vector<std::thread> threads_;
  bool closing_ = false;
};

// A job from a function, for pieces that carry no result.
class CallJob : public Job {
 public:
  explicit CallJob(std::function<void()> call) : call_(std::move(call)) {}
  void run() override { call_(); }

 private:
  std::function<void()> call_;
};

}  // namespace shale
