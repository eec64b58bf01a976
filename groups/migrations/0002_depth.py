from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [('groups', '0001_initial'), ('members', '0003_depth')]
    operations = []
