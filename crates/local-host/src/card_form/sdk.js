// Stands in for Toss Payments' script, version 2: the part of it that the pages use.
// Source: Toss Payments, JavaScript SDK version 2, `payment().requestPayment()`.
(() => {
  const home = new URL(document.currentScript.src).origin;

  const TossPayments = (clientKey) => {
    if (!clientKey) throw new Error("INVALID_CLIENT_KEY");
    return {
      payment: ({ customerKey }) => ({
        requestPayment: ({ method, amount, orderId, orderName, successUrl, failUrl }) => {
          if (!customerKey || method !== "CARD" || amount.currency !== "KRW") {
            return Promise.reject(new Error("INVALID_PARAMETERS"));
          }
          const form = new URL("/toss/form", home);
          const wish = { amount: amount.value, orderId, orderName, successUrl, failUrl };
          for (const [name, value] of Object.entries(wish)) form.searchParams.set(name, value);
          location.assign(form);
          return new Promise(() => {});
        },
      }),
    };
  };
  TossPayments.ANONYMOUS = "ANONYMOUS";
  window.TossPayments = TossPayments;
})();
