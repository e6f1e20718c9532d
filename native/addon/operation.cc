#include "operation.h"

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <thread>

namespace shale {

namespace {

struct Operation {
  Operation(Napi::Env env, const int32_t* flag) : cancel(flag), promise(Napi::Promise::Deferred::New(env)) {}
  Cancel cancel;
  Napi::Promise::Deferred promise;
  Napi::Reference<Napi::Value> keep_flag;
  Napi::ThreadSafeFunction done;
  std::thread thread;
  Finish finish;
  std::optional<Failure> failure;
};

// Operations of one environment: the main thread and each worker thread have their own.
struct Running {
  std::set<std::shared_ptr<Operation>> operations;
};

void run(Operation& operation, const Work& work) {
  try {
    operation.finish = work(operation.cancel);
  } catch (const Failure& failure) {
    operation.failure = failure;
  } catch (const std::bad_alloc&) {
    operation.failure = Failure{"LAYER_MEMORY", "out of memory", "", ENOMEM};
  } catch (const std::exception& error) {
    operation.failure = Failure{"LAYER_IO", error.what(), "", 0};
  }
}

void settle(Napi::Env env, Operation& operation) {
  Napi::HandleScope scope(env);
  if (operation.failure) operation.promise.Reject(to_error(env, *operation.failure).Value());
  else operation.promise.Resolve(operation.finish(env));
}

// Instance data dies with the environment at a time of its own; running operations may look later.
struct Holder {
  std::shared_ptr<Running> running = std::make_shared<Running>();
};

void stop_all(const std::shared_ptr<Running>& running) {
  for (const auto& operation : running->operations) operation->cancel.stop();
  for (const auto& operation : running->operations) {
    if (operation->thread.joinable()) operation->thread.join();
    // Its references belong to an environment that is gone: they must not be released any more.
    new std::shared_ptr<Operation>(operation);
  }
}

std::shared_ptr<Running> running_of(Napi::Env env) {
  auto* holder = env.GetInstanceData<Holder>();
  if (holder != nullptr) return holder->running;
  holder = new Holder();
  env.SetInstanceData(holder);
  env.AddCleanupHook([running = holder->running] { stop_all(running); });
  return holder->running;
}

}  // namespace

Napi::Error to_error(Napi::Env env, const Failure& failure) {
  std::string message = failure.message;
  if (failure.error != 0) message += std::string(": ") + std::strerror(failure.error);
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", failure.code);
  error.Set("errno", Napi::Number::New(env, failure.error));
  error.Set("path", Napi::Buffer<char>::Copy(env, failure.path.data(), failure.path.size()));
  return error;
}

Napi::Value start(Napi::Env env, Napi::Value flag, Work work) {
  const int32_t* stop = flag.IsTypedArray() ? flag.As<Napi::Int32Array>().Data() : nullptr;
  auto operation = std::make_shared<Operation>(env, stop);
  std::shared_ptr<Running> running = running_of(env);
  if (flag.IsTypedArray()) operation->keep_flag = Napi::Persistent(flag);
  operation->done = Napi::ThreadSafeFunction::New(env, Napi::Function(), "shale", 0, 1);
  running->operations.insert(operation);
  operation->thread = std::thread([operation, running, work = std::move(work)] {
    run(*operation, work);
    auto report = [operation, running](Napi::Env env, Napi::Function) {
      operation->thread.join();
      running->operations.erase(operation);
      settle(env, *operation);
    };
    Napi::ThreadSafeFunction done = operation->done;
    done.NonBlockingCall(report);
    done.Release();
  });
  return operation->promise.Promise();
}

}  // namespace shale
