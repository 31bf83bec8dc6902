/* Presses the button of the page that hands an answer to the app (OAuth 2.0 Form Post Response Mode). */
document.getElementById("form-post").submit();
