// Everything here only improves pages that work without it.

import { Button, CharacterCount, ErrorSummary, PasswordInput, ServiceNavigation, SkipLink, createAll } from "govuk-frontend";

import { check } from "./check.js";
import { saveDrafts } from "./drafts.js";
import { weigh } from "./files.js";
import { nearest } from "./nearest.js";
import { offerNames } from "./mentions.js";
import { askMore } from "./more.js";
import { preview } from "./preview.js";
import { followReading } from "./reading.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");

createAll(Button, { preventDoubleClick: true });
createAll(CharacterCount);
createAll(ErrorSummary);
createAll(PasswordInput);
createAll(ServiceNavigation);
createAll(SkipLink);

document.querySelectorAll("input[type=file][data-largest]").forEach(weigh);
document.querySelectorAll("form[data-nearest-url]").forEach(nearest);
document.querySelectorAll("input[data-more]").forEach(askMore);
document.querySelectorAll("form[data-preview-url]").forEach(preview);
document.querySelectorAll("form[data-check-url]").forEach(check);
document.querySelectorAll("form[data-draft-url]").forEach(saveDrafts);
document.querySelectorAll("form[data-draft-url]").forEach(offerNames);
document.querySelectorAll("form[data-read]").forEach(followReading);

// A link to a post that stands on another page since threads were merged goes on there.
const asked = document.getElementById(location.hash.slice(1));
if (asked?.closest("[data-elsewhere]")) location.replace(asked.href);
