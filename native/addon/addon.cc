// The addon: JavaScript values in, work off the main thread, JavaScript values out. lib/layer/native.ts is its only caller.
#include <napi.h>

#include "digest_files.h"
#include "hashes.h"
#include "layer_apply.h"
#include "layer_write.h"
#include "operation.h"
#include "os_calls.h"
#include "recompress.h"
#include "scan.h"
#include "sha256.h"

namespace shale {

namespace {

// Strings of options are latin1: one character is one byte. Empty when absent.
std::string text(Napi::Object object, const char* name) {
  Napi::Value value = object.Get(name);
  if (value.IsBuffer()) {
    auto buffer = value.As<Napi::Buffer<char>>();
    return std::string(buffer.Data(), buffer.Length());
  }
  if (!value.IsString()) return {};
  size_t length;
  napi_get_value_string_latin1(value.Env(), value, nullptr, 0, &length);
  std::string out(length, 0);
  napi_get_value_string_latin1(value.Env(), value, out.data(), length + 1, &length);
  return out;
}

std::vector<std::string> texts(Napi::Object object, const char* name) {
  std::vector<std::string> out;
  Napi::Value value = object.Get(name);
  if (!value.IsArray()) return out;
  auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    size_t length;
    Napi::Value element = array[i];
    napi_get_value_string_latin1(element.Env(), element, nullptr, 0, &length);
    std::string one(length, 0);
    napi_get_value_string_latin1(element.Env(), element, one.data(), length + 1, &length);
    out.push_back(std::move(one));
  }
  return out;
}

std::optional<double> number(Napi::Object object, const char* name) {
  Napi::Value value = object.Get(name);
  if (!value.IsNumber()) return std::nullopt;
  return value.As<Napi::Number>().DoubleValue();
}

bool flag(Napi::Object object, const char* name) { return object.Get(name).ToBoolean(); }

Napi::Value buffer_of(Napi::Env env, const std::string& bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

Napi::Object to_object(Napi::Env env, const BlobInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("digest", info.digest);
  object.Set("size", static_cast<double>(info.size));
  return object;
}

Napi::Value write(const Napi::CallbackInfo& info) {
  auto options = info[0].As<Napi::Object>();
  WriteRequest request;
  request.kind = text(options, "kind");
  request.root = text(options, "root");
  request.entries = text(options, "entries");
  request.tar_path = text(options, "tarPath");
  request.blob_path = text(options, "blobPath");
  request.exclude = texts(options, "exclude");
  request.level = static_cast<int>(number(options, "level").value_or(-1));
  auto clamp = number(options, "clampMtime");
  if (clamp) request.clamp_mtime = static_cast<int64_t>(*clamp);
  std::string compression = text(options, "compression");
  return start(info.Env(), info[1], [request, compression](const Cancel& cancel) mutable {
    if (!request.blob_path.empty()) request.compression = parse_compression(compression);
    auto result = std::make_shared<WriteResult>(write_layer(request, cancel));
    return Finish([result](Napi::Env env) {
      auto object = Napi::Object::New(env);
      object.Set("diffId", result->diff_id);
      object.Set("tarSize", static_cast<double>(result->tar_size));
      object.Set("contentSize", static_cast<double>(result->content_size));
      object.Set("index", buffer_of(env, result->index));
      if (result->blob) object.Set("blob", to_object(env, *result->blob));
      return object;
    });
  });
}

const char* name_of(Compression compression) {
  return compression == Compression::gzip ? "gzip" : compression == Compression::zstd ? "zstd" : "none";
}

Napi::Value apply_result(Napi::Env env, const ApplyResult& result) {
  auto object = Napi::Object::New(env);
  object.Set("diffId", result.diff_id);
  object.Set("tarSize", static_cast<double>(result.tar_size));
  object.Set("contentSize", static_cast<double>(result.content_size));
  object.Set("blob", to_object(env, result.blob));
  object.Set("compression", name_of(result.compression));
  object.Set("index", buffer_of(env, result.index));
  auto warnings = Napi::Array::New(env);
  for (const auto& warning : result.warnings) warnings.Set(warnings.Length(), warning);
  object.Set("warnings", warnings);
  return object;
}

Napi::Value apply(const Napi::CallbackInfo& info) {
  auto options = info[0].As<Napi::Object>();
  ApplyRequest request;
  request.blob_path = text(options, "blobPath");
  request.compression = text(options, "compression");
  request.expect_blob = text(options, "expectBlob");
  request.expect_diff_id = text(options, "expectDiffId");
  auto size = number(options, "expectSize");
  if (size) request.expect_size = static_cast<uint64_t>(*size);
  request.max_entries = static_cast<uint64_t>(number(options, "maxEntries").value_or(0));
  request.max_tar_size = static_cast<uint64_t>(number(options, "maxTarSize").value_or(0));
  std::string target = text(options, "target");
  if (!target.empty()) request.unpack = UnpackOptions{target, flag(options, "overlay"), flag(options, "keepOwners"), texts(options, "lowers")};
  return start(info.Env(), info[1], [request](const Cancel& cancel) {
    auto result = std::make_shared<ApplyResult>(apply_layer(request, cancel));
    return Finish([result](Napi::Env env) { return apply_result(env, *result); });
  });
}

Napi::Value compress(const Napi::CallbackInfo& info) {
  auto options = info[0].As<Napi::Object>();
  std::string from = text(options, "from"), to = text(options, "to"), compression = text(options, "compression");
  int level = static_cast<int>(number(options, "level").value_or(-1));
  return start(info.Env(), info[1], [=](const Cancel& cancel) {
    BlobInfo result = compress_file(from, to, parse_compression(compression), level, cancel);
    return Finish([result](Napi::Env env) { return to_object(env, result); });
  });
}

Napi::Value decompress(const Napi::CallbackInfo& info) {
  auto options = info[0].As<Napi::Object>();
  std::string from = text(options, "from"), to = text(options, "to");
  return start(info.Env(), info[1], [=](const Cancel& cancel) {
    BlobInfo result = decompress_file(from, to, cancel);
    return Finish([result](Napi::Env env) { return to_object(env, result); });
  });
}

Napi::Value scan_dirs(const Napi::CallbackInfo& info) {
  auto options = info[0].As<Napi::Object>();
  std::string root = text(options, "root");
  auto dirs = texts(options, "dirs");
  bool xattrs = flag(options, "xattrs");
  return start(info.Env(), info[1], [=](const Cancel& cancel) {
    std::string records = scan(root, dirs, xattrs, cancel);
    return Finish([records = std::move(records)](Napi::Env env) { return buffer_of(env, records); });
  });
}

Napi::Value digest_paths(const Napi::CallbackInfo& info) {
  auto options = info[0].As<Napi::Object>();
  std::string root = text(options, "root");
  auto paths = texts(options, "paths");
  return start(info.Env(), info[1], [=](const Cancel& cancel) {
    std::string digests = digest_files(root, paths, cancel);
    return Finish([digests = std::move(digests)](Napi::Env env) { return buffer_of(env, digests); });
  });
}

// facts(): what `shale info` shows of the addon.
Napi::Value facts(const Napi::CallbackInfo& info) {
  auto object = Napi::Object::New(info.Env());
  shale_sha256_named kernels[SHALE_SHA256_KERNELS];
  shale_sha256_kernels_of_cpu(kernels);
  object.Set("sha256", kernels[0].name);
  object.Set("threads", Pool::cpus());
  return object;
}

}  // namespace

}  // namespace shale

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("writeLayer", Napi::Function::New(env, shale::write));
  exports.Set("applyLayer", Napi::Function::New(env, shale::apply));
  exports.Set("compress", Napi::Function::New(env, shale::compress));
  exports.Set("decompress", Napi::Function::New(env, shale::decompress));
  exports.Set("scan", Napi::Function::New(env, shale::scan_dirs));
  exports.Set("digestFiles", Napi::Function::New(env, shale::digest_paths));
  exports.Set("facts", Napi::Function::New(env, shale::facts));
  shale::register_hashes(env, exports);
  shale::register_os_calls(env, exports);
  return exports;
}

NODE_API_MODULE(shale, init)
