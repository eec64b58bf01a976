// Starts Swagger UI (from the installed package) on the page of the API reference.
window.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("api-reference");
  if (!place || !window.SwaggerUIBundle) return;
  const csrf = document.cookie.split("; ").find((part) => /^(__Host-alliance_csrf|csrftoken)=/.test(part));
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    displayRequestDuration: true,
    presets: [window.SwaggerUIBundle.presets.apis],
    requestInterceptor: (request) => {
      const own = new URL(request.url, location.href).origin === location.origin;
      if (own && csrf && !["GET", "HEAD"].includes(request.method || "GET")) {
        request.headers[place.dataset.csrfHeader] = csrf.split("=")[1];
      }
      return request;
    },
  });
});
