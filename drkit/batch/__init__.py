"""Many papermill runs over a portfolio of workloads: checked, warm, resumable, with one result.

.. code-block:: python

   from drkit.batch import planning, runner, workers

   plan = planning.make("portfolio.yaml", "out/portfolio")
   batch = runner.run(plan, "out/portfolio", lambda: workers.local(2))
"""
