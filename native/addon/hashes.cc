// SHA-256 of bytes that JavaScript holds. States are Buffers in the form of shale_sha256_save: nothing to be freed,
// nothing to be restored.
#include "hashes.h"

#include <array>
#include <vector>

#include "sha256_many.h"

namespace shale {

namespace {

using Bytes = Napi::Uint8Array;

Napi::Value digest_of(Napi::Env env, shale_sha256& state) {
  auto out = Napi::Buffer<uint8_t>::New(env, 32);
  shale_sha256_final(&state, out.Data());
  return out;
}

shale_sha256 state_of(const Napi::CallbackInfo& info, Bytes& bytes) {
  if (!info[0].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "a sha256 state is needed");
  bytes = info[0].As<Bytes>();
  if (bytes.ByteLength() != SHALE_SHA256_STATE_SIZE) throw Napi::TypeError::New(info.Env(), "a sha256 state has 104 bytes");
  shale_sha256 state;
  shale_sha256_restore(&state, bytes.Data());
  return state;
}

// sha256(parts): the digest of all parts, one after the other
Napi::Value sha256(const Napi::CallbackInfo& info) {
  auto parts = info[0].As<Napi::Array>();
  shale_sha256 state;
  shale_sha256_init(&state);
  for (uint32_t i = 0; i < parts.Length(); i++) {
    auto part = parts.Get(i).As<Bytes>();
    shale_sha256_update(&state, part.Data(), part.ByteLength());
  }
  return digest_of(info.Env(), state);
}

// sha256Many(inputs): the digest of each, 32 bytes, in order
Napi::Value sha256_many(const Napi::CallbackInfo& info) {
  auto array = info[0].As<Napi::Array>();
  std::vector<shale_bytes> inputs(array.Length());
  for (uint32_t i = 0; i < inputs.size(); i++) {
    auto bytes = array.Get(i).As<Bytes>();
    inputs[i] = {bytes.Data(), bytes.ByteLength()};
  }
  auto out = Napi::Buffer<uint8_t>::New(info.Env(), 32 * inputs.size());
  shale_sha256_many(inputs.data(), inputs.size(), reinterpret_cast<uint8_t(*)[32]>(out.Data()));
  return out;
}

// sha256Init(): the state of no bytes
Napi::Value sha256_init(const Napi::CallbackInfo& info) {
  shale_sha256 state;
  shale_sha256_init(&state);
  auto out = Napi::Buffer<uint8_t>::New(info.Env(), SHALE_SHA256_STATE_SIZE);
  shale_sha256_save(&state, out.Data());
  return out;
}

// sha256Update(state, bytes): changes the state
void sha256_update(const Napi::CallbackInfo& info) {
  Bytes held;
  shale_sha256 state = state_of(info, held);
  auto bytes = info[1].As<Bytes>();
  shale_sha256_update(&state, bytes.Data(), bytes.ByteLength());
  shale_sha256_save(&state, held.Data());
}

// sha256Digest(state): the digest of the bytes so far; the state stays
Napi::Value sha256_digest(const Napi::CallbackInfo& info) {
  Bytes held;
  shale_sha256 state = state_of(info, held);
  return digest_of(info.Env(), state);
}

}  // namespace

void register_hashes(Napi::Env env, Napi::Object exports) {
  exports.Set("sha256", Napi::Function::New(env, sha256));
  exports.Set("sha256Many", Napi::Function::New(env, sha256_many));
  exports.Set("sha256Init", Napi::Function::New(env, sha256_init));
  exports.Set("sha256Update", Napi::Function::New(env, sha256_update));
  exports.Set("sha256Digest", Napi::Function::New(env, sha256_digest));
}

}  // namespace shale
