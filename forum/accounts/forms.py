from flask_wtf import FlaskForm
from wtforms import HiddenField


class SignInForm(FlaskForm):
    then = HiddenField()
    kept_action = HiddenField()
