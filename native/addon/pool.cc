#include "pool.h"

#include <sched.h>

#include <algorithm>

namespace shale {

unsigned Pool::cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 2;
  return static_cast<unsigned>(std::clamp(CPU_COUNT(&set), 1, 16));
}

Pool::Pool(unsigned width) {
  for (unsigned i = 1; i < width; i++) threads_.emplace_back([this] { work(); });
}

Pool::~Pool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    queue_.clear();
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Pool::submit(std::shared_ptr<Job> job) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    job->done_ = false;
    job->error_ = nullptr;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Pool::wait(const std::shared_ptr<Job>& job) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!job->done_) {
    if (queue_.empty()) finished_.wait(lock);
    else run_next(lock);
  }
  if (job->error_) std::rethrow_exception(job->error_);
}

void Pool::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    run_next(lock);
  }
}

// The lock is free while the job runs.
void Pool::run_next(std::unique_lock<std::mutex>& lock) {
  std::shared_ptr<Job> job = std::move(queue_.front());
  queue_.pop_front();
  lock.unlock();
  std::exception_ptr error;
  try {
    job->run();
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  job->error_ = error;
  job->done_ = true;
  finished_.notify_all();
}

}  // namespace shale
