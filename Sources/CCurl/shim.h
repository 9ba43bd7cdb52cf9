// libcurl's public header, made visible to Swift, and wrappers for its variadic functions, which Swift cannot call.
#include <curl/curl.h>

// curl_easy_setopt takes one of four kinds of argument; a wrapper for each, and one for each callback with its user pointer.
static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline void ccurl_on_write(CURL *easy, curl_write_callback call, void *user) {
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, call);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, user);
}
static inline void ccurl_on_header(CURL *easy, curl_write_callback call, void *user) {
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, call);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, user);
}
static inline void ccurl_on_read(CURL *easy, curl_read_callback call, void *user) {
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, call);
  curl_easy_setopt(easy, CURLOPT_READDATA, user);
}
static inline void ccurl_on_seek(CURL *easy, curl_seek_callback call, void *user) {
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, call);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, user);
}

// curl_easy_getinfo: 0 or null where curl has no answer.
static inline long ccurl_get_long(CURL *easy, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}
static inline curl_off_t ccurl_get_offset(CURL *easy, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}
static inline void *ccurl_get_private(CURL *easy) {
  char *value = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
  return value;
}

// curl_multi_setopt.
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}
static inline void ccurl_on_socket(CURLM *multi, curl_socket_callback call, void *user) {
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, call);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, user);
}
static inline void ccurl_on_timer(CURLM *multi, curl_multi_timer_callback call, void *user) {
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, call);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, user);
}

// A message's result is in a union, which Swift would read through unsafe memory.
static inline CURLcode ccurl_message_result(const CURLMsg *message) { return message->data.result; }
